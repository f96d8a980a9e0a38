"""Accounts as contract circles has them: every answer about an address is the same, whether it has an account or not.

What differs is mailed, in the background, to the one who reads that address's mail.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from store.database import Database
from thserver.domain import codes, passwords
from thserver.domain.circles import CircleProfile, WrongPassword
from thserver.domain.errors import (
    AlreadyExists,
    BadCredentials,
    NotFound,
    NotVerified,
    Throttled,
    TokenNotFound,
)
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.closing import Closing
from thserver.services.codes import Codes, TokenKinds
from thserver.services.confirmation_letters import ConfirmationLetters
from thserver.services.invitations import Invitations
from thserver.services.media import Media
from thserver.services.outbox import Outbox
from thserver.services.passwords import Passwords
from thserver.services.people import People
from thserver.services.sign_in import SignIn

log = logging.getLogger("thserver.circles")

SHORTEST_PASSWORD = 6
LETTER_PAUSE = timedelta(minutes=1)
PROFILE_FIELDS = tuple(column.name for column in fields(CircleProfile))


@dataclass(frozen=True, slots=True)
class Registration:
    """`token` is there only when the address is proven already. `person` may be nobody's account."""

    person: Person
    token: str | None


class CircleAccounts:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        background: Background,
        sign_in: SignIn,
        codes: Codes,
        people: People,
        confirmations: ConfirmationLetters,
        passwords: Passwords,
        media: Media,
        outbox: Outbox,
        invitations: Invitations,
        closing: Closing,
        token_kinds: TokenKinds,
        web_domain: str,
    ) -> None:
        self._rows = database.people
        self._profiles = database.circle_profiles
        self._numbers = database.numbers
        self._clock = clock
        self._background = background
        self._sign_in = sign_in
        self._codes = codes
        self._people = people
        self._confirmations = confirmations
        self._passwords = passwords
        self._media = media
        self._outbox = outbox
        self._invitations = invitations
        self._closing = closing
        self._token_kinds = token_kinds
        self._web_domain = web_domain

    async def register(
        self,
        *,
        email: str,
        password: str,
        first_name: str,
        last_name: str,
        invite_token: str | None,
        contract: str,
        address: str,
    ) -> Registration:
        """A new account, or the look of one where the address is taken: its owner is told by mail.

        With the token of an invitation that was mailed to this address it is proven already. Raises Throttled.
        """
        await self._sign_in.check_address(address)
        hashed = await self._sign_in.hash_password(password)
        proven = invite_token is not None and await self._invitations.proves(invite_token, email)
        now = self._clock.now()
        person = Person(
            id=await self._numbers.next("people"),
            uuid=str(uuid.uuid4()),
            first_name=first_name,
            last_name=last_name,
            email=email,
            email_verified=proven,
            email_pending=None if proven else email,
            password_hash=hashed,
            created=now,
            updated=now,
        )
        token, kept = self._sign_in.new_token(contract)
        try:
            await self._rows.add(person, kept if proven else None)
        except AlreadyExists as error:
            if error.field != "email":
                raise
            self._background.soon(
                f"tell the owner of an address {person.id}", lambda: self._mail_owner(email)
            )
            return Registration(person, None)
        if proven:
            return Registration(person, token)
        self._background.soon(f"confirm the address of {person.id}", lambda: self._mail_confirmation(person))
        return Registration(person, None)

    async def confirm(self, token: str, *, address: str) -> None:
        """Prove the address that this token was mailed to. Raises TokenNotFound or Throttled."""
        await self._sign_in.check_address(address)
        found = await self._codes.look_at_token(self._token_kinds.confirm_address, token)
        person = await self._rows.get(found.person_id)
        if person is None:
            raise TokenNotFound
        await self._people.prove_email(person, token)

    async def log_in(self, *, email: str, password: str, contract: str, address: str) -> tuple[Person, str]:
        """Raises BadCredentials, in the same time for known and unknown addresses, Throttled, or NotVerified, after
        which the confirmation is mailed again."""
        await self._sign_in.check_address(address)
        person = await self._sign_in.with_password(await self._rows.with_email(email), password)
        if not person.email_verified:
            self._background.soon(
                f"confirm the address of {person.id}", lambda: self._mail_confirmation(person)
            )
            raise NotVerified
        return person, await self._sign_in.give_token(person.id, contract)

    async def forgot(self, email: str, *, address: str) -> None:
        """Mail a token for a new password to this address, if it has an account. Raises Throttled."""
        await self._sign_in.check_address(address)

        async def mail() -> None:
            person = await self._rows.with_email(email)
            if person is not None:
                await self._mail_reset(person, email, "reset_password")

        self._background.soon(f"reset {codes.new_token()}", mail)

    async def reset(self, token: str, password: str, *, address: str) -> None:
        """Set a password for whoever reads the account's mail; every sign-in ends. Raises TokenNotFound, Throttled.

        As it was mailed to the address, it proves it. Where nobody had proven it before, anybody may have begun the
        account, so the number that he gave goes.
        """
        await self._sign_in.check_address(address)
        passwords.check(password, shortest=SHORTEST_PASSWORD, with_digit=False)
        kind = self._token_kinds.reset_password
        await self._codes.look_at_token(kind, token)
        hashed = await self._sign_in.hash_password(password)
        found = await self._codes.spend_token(kind, token)
        person = await self._rows.get(found.person_id)
        if person is None:
            raise TokenNotFound
        changes: dict[str, Any] = {"password_hash": hashed, "updated": self._clock.now()}
        if found.about and found.about == person.email and not person.email_verified:
            changes |= {"email_verified": True, "email_pending": None}
            if person.email_pending == person.email:
                changes |= {"phone": None, "phone_pending": None}
        try:
            await self._rows.change(person.id, changes, only_if={"email": person.email})
        except NotFound as error:
            raise TokenNotFound from error
        await self._sign_in.sign_out_elsewhere(person.id, None)

    async def update_password(
        self, person: Person, password: str, *, token: str | None, address: str
    ) -> None:
        """Every other sign-in ends. Raises Invalid(password=…) or Throttled."""
        await self._sign_in.check_address(address)
        passwords.check(password, shortest=SHORTEST_PASSWORD, with_digit=False)
        await self._passwords.set_new(person.id, password, token=token)

    async def profile(self, person: Person) -> CircleProfile:
        return await self._profiles.get(person.id)

    async def update_profile(
        self, person: Person, wanted: Mapping[str, Any], *, avatar: bytes | None, address: str
    ) -> tuple[Person, CircleProfile]:
        """Change one's own profile; `avatar` is an uploaded picture. Raises Invalid(avatar=…), nothing is changed
        then, or Throttled."""
        changes = {name: wanted[name] for name in ("first_name", "last_name") if name in wanted}
        image = None
        if avatar is not None:
            picture = await self._media.prepare(avatar, field="avatar")
            image = await self._media.keep(picture, owner_id=person.id, purpose="avatar")
            changes["image_url"] = image.url_path
        profile = await self._profiles.change(
            person.id, {name: wanted[name] for name in PROFILE_FIELDS if name in wanted}
        )
        return await self._people.change_profile(person, changes, address=address), profile

    async def close(self, person: Person, password: str, *, address: str) -> None:
        """Raises WrongPassword or Throttled."""
        await self._sign_in.check_address(address)
        try:
            current = await self._sign_in.with_password(await self._rows.get(person.id), password)
        except BadCredentials as error:
            raise WrongPassword from error
        await self._closing.close(current)

    async def _mail_confirmation(self, person: Person) -> None:
        """Once a minute at most."""
        if not await self._may_mail("confirm_address", person.id):
            return
        await self._confirmations.mail_first(person.id, person.email_pending or person.email or "")

    async def _mail_owner(self, email: str) -> None:
        """Somebody has tried to register with this address. If it was its owner, he can go on from here."""
        person = await self._rows.with_email(email)
        if person is not None:
            await self._mail_reset(person, email, "circle_registered")

    async def _mail_reset(self, person: Person, email: str, template: str) -> None:
        if not await self._may_mail("reset_password", person.id):
            return
        kind = self._token_kinds.reset_password
        token = await self._codes.make_token(kind, person.id, about=email)
        await self._outbox.add_letter(
            key=f"reset-password:{person.id}:{codes.new_token()}",
            to=email,
            person_id=person.id,
            template=template,
            facts={
                "token": token,
                "link": f"https://{self._web_domain}/reset-password/{token}",
                "hours": int(kind.life.total_seconds()) // 3600,
            },
            purpose="account",
        )

    async def _may_mail(self, purpose: str, person_id: int) -> bool:
        """Whether the last letter of this kind is a minute old, and the limits allow another."""
        kind = getattr(self._token_kinds, purpose)
        made = await self._codes.token_made(kind, person_id)
        if made is not None and made.created > self._clock.now() - LETTER_PAUSE:
            return False
        try:
            await self._codes.check_letter_limits(kind, person_id, address=f"circles:{person_id}")
        except Throttled:
            return False
        return True
