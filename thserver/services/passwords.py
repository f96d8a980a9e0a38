"""Passwords: changed by who knows the old one, reset by who reads the account's mail."""

from __future__ import annotations

from store.database import Database
from thserver.domain import codes, passwords
from thserver.domain.errors import BadCredentials, Invalid, NotFound
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.codes import Codes, TokenKinds
from thserver.services.outbox import Outbox
from thserver.services.sign_in import SignIn


class Passwords:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sign_in: SignIn,
        codes: Codes,
        outbox: Outbox,
        token_kinds: TokenKinds,
        web_domain: str,
    ) -> None:
        self._people = database.people
        self._clock = clock
        self._sign_in = sign_in
        self._codes = codes
        self._outbox = outbox
        self._kind = token_kinds.reset_password
        self._web_domain = web_domain

    async def change(self, person: Person, *, old: str, new: str, token: str | None, address: str) -> None:
        """Every sign-in of this person but `token` ends. Raises Invalid(old_password="wrong") or Throttled."""
        await self._sign_in.check_address(address)
        passwords.check(new, field="new_password")
        current = await self._people.get(person.id)
        try:
            await self._sign_in.with_password(current, old)
        except BadCredentials as error:
            raise Invalid(old_password="wrong") from error
        await self._set(person.id, await self._sign_in.hash_password(new), kept=token)

    async def set_new(self, person_id: int, new: str, *, token: str | None) -> None:
        """Set a password for whoever may without the old one; every sign-in but `token` ends."""
        await self._set(person_id, await self._sign_in.hash_password(new), kept=token)

    async def mail_reset(self, email: str, *, address: str) -> None:
        """Raises NotFound for an address that nobody has proven, or Throttled."""
        await self._sign_in.check_address(address)
        person = await self._people.with_email(email)
        if person is None or not person.email_verified:
            raise NotFound
        await self._codes.check_letter_limits(self._kind, person.id, address=address)
        token = await self._codes.make_token(self._kind, person.id)
        await self._outbox.add_letter(
            key=f"reset-password:{person.id}:{codes.new_token()}",
            to=email,
            person_id=person.id,
            template="reset_password",
            facts={
                "token": token,
                "link": f"https://{self._web_domain}/reset-password/{token}",
                "hours": int(self._kind.life.total_seconds()) // 3600,
            },
            purpose="account",
        )

    async def reset(self, token: str, new: str, *, contract: str, address: str) -> tuple[Person, str]:
        """Set the password, end every sign-in and begin a new one. Raises TokenNotFound, Invalid or Throttled."""
        await self._sign_in.check_address(address)
        passwords.check(new, field="new_password")
        await self._codes.look_at_token(self._kind, token)
        hashed = await self._sign_in.hash_password(new)
        found = await self._codes.spend_token(self._kind, token)
        person = await self._set(found.person_id, hashed, kept=None)
        return person, await self._sign_in.give_token(person.id, contract)

    async def _set(self, person_id: int, hashed: str, *, kept: str | None) -> Person:
        person = await self._people.change(person_id, {"password_hash": hashed, "updated": self._clock.now()})
        await self._sign_in.sign_out_elsewhere(person_id, kept)
        await self._codes.end_token(self._kind, person_id)
        return person
