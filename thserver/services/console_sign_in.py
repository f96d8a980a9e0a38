"""Signing in to the console: staff only, by a code in a text or with a password.

Whoever is not staff is answered as if the code or the password were wrong, and after the same work.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from string import digits

from store.database import Database
from thserver.domain import phone_numbers
from thserver.domain.errors import BadCredentials, CodeWrong, Refusal
from thserver.domain.people import Person, normal_email
from thserver.domain.phone_numbers import masked
from thserver.domain.staff_actions import ActionState, Actor
from thserver.services.background import Background
from thserver.services.codes import CodeKind, Codes
from thserver.services.sign_in import CONSOLE, SignIn
from thserver.services.staff_actions import StaffActions

log = logging.getLogger("thserver.staff")

CODE = CodeKind(purpose="console", length=6, alphabet=digits, life=timedelta(minutes=5), replaces=True)
# A working day, rather than the month of the apps.
LIFE = timedelta(hours=12)
NOBODY = 0
PASSWORDS_PER_HOUR = 20
# So many failed sign-ins of one person are written down.
FAILURES_PER_HOUR = 20


class ConsoleSignIn:
    def __init__(
        self,
        *,
        database: Database,
        background: Background,
        codes: Codes,
        sign_in: SignIn,
        staff_actions: StaffActions,
    ) -> None:
        self._people = database.people
        self._background = background
        self._codes = codes
        self._sign_in = sign_in
        self._staff_actions = staff_actions

    async def ask_code(self, phone: str, *, address: str) -> None:
        """Text a code to this number if it is a staff person's. Nothing that happens here tells whether it is, so
        what goes wrong with it is only logged. Raises Throttled."""
        await self._sign_in.check_address(address)
        self._background.soon("console code", lambda: self._text_code(phone, address))

    async def with_code(self, phone: str, code: str, *, address: str) -> tuple[Person, str]:
        """The person and a token for the console. Raises CodeWrong or Throttled."""
        await self._sign_in.check_address(address)
        person = _staff(await self._people.with_phone(phone))
        try:
            await self._codes.spend(CODE, phone, code, person_id=person.id if person is not None else NOBODY)
        except CodeWrong:
            self._note_refused(person, how="code")
            raise
        if person is None:
            raise CodeWrong
        return person, await self._let_in(person, how="code")

    async def with_password(self, name: str, password: str, *, address: str) -> tuple[Person, str]:
        """`name` is an e-mail address or a phone number. Raises BadCredentials or Throttled."""
        await self._sign_in.check_address(address)
        name = _normal(name)
        # Guesses at one password may come from everywhere. Whoever is kept out by them has the code.
        await self._sign_in.check_name(name, purpose="console-password", limit=PASSWORDS_PER_HOUR)
        staff = _staff(await self._named(name))
        try:
            person = await self._sign_in.with_password(staff, password)
        except BadCredentials:
            self._note_refused(staff, how="password")
            raise
        return person, await self._let_in(person, how="password")

    async def sign_out(self, person: Person, token: str) -> None:
        await self._sign_in.sign_out(token)
        actor = Actor(person.id, person.full_name)
        async with self._staff_actions.recorded(actor=actor, action="sign out", subject="console"):
            """It is done; only what ends a sign-in may happen before it is written down."""

    async def _named(self, name: str) -> Person | None:
        if "@" in name:
            return await self._people.with_email(name)
        return await self._people.with_phone(name)

    async def _let_in(self, person: Person, *, how: str) -> str:
        actor = Actor(person.id, person.full_name)
        async with self._staff_actions.recorded(
            actor=actor, action="sign in", subject="console", details={"with": how}
        ):
            return await self._sign_in.give_token(person.id, CONSOLE, life=LIFE)

    def _note_refused(self, person: Person | None, *, how: str) -> None:
        """That somebody tried to sign in as this person and could not; after the answer, whose time tells nothing."""
        if person is None:
            return
        actor = Actor(person.id, person.full_name)

        async def note() -> None:
            # Guesses may go on for days; who reads the actions has seen by then what is going on.
            await self._sign_in.check_name(str(person.id), purpose="console-failed", limit=FAILURES_PER_HOUR)
            number = await self._staff_actions.record(
                actor=actor, action="failed sign in", subject="console", details={"with": how}
            )
            await self._staff_actions.complete(number, ActionState.REFUSED)

        self._background.soon(f"failed sign in of person {person.id}", note)

    async def _text_code(self, phone: str, address: str) -> None:
        person = _staff(await self._people.with_phone(phone))
        if person is None:
            log.info("somebody who is not staff asked for a console code: %s", masked(phone))
            return
        try:
            await self._codes.text(CODE, phone, address=address, person_id=person.id)
        except Refusal as refusal:
            log.warning("no console code was texted to person %s: %s", person.id, refusal)


def _normal(name: str) -> str:
    """The address or number that is meant. Raises BadCredentials."""
    if "@" in name:
        return normal_email(name)
    phone = phone_numbers.parse(name)
    if phone is None:
        raise BadCredentials
    return phone


def _staff(person: Person | None) -> Person | None:
    return person if person is not None and person.is_staff and person.is_active else None
