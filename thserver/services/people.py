"""People's accounts: registering, signing in, the profile, proving e-mail addresses and phone numbers."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from store.database import Database
from thserver.domain import codes, passwords
from thserver.domain.errors import (
    AlreadyExists,
    CodeStillGood,
    CodeWrong,
    Invalid,
    NotFound,
    Refusal,
    Throttled,
    TokenNotFound,
)
from thserver.domain.people import Person, normal_email
from thserver.domain.phone_numbers import masked
from thserver.domain.ports import Clock
from thserver.services.codes import NEW_PHONE, REGISTRATION, CodeKind, Codes, TokenKinds
from thserver.services.confirmation_letters import ConfirmationLetters
from thserver.services.heroes import Heroes
from thserver.services.media import Media
from thserver.services.outbox import Outbox
from thserver.services.sign_in import SignIn
from thserver.wording.codes import text_about_new_number

log = logging.getLogger(__name__)

# What a person may change himself, beside address and number, which must be proven.
PLAIN_FIELDS = ("first_name", "last_name", "is_active", "email_notifications", "image_url", "timezone", "bio")
SHOWN_BY_HERO = ("first_name", "last_name", "is_active")
# The same confirmation is not mailed again within this time.
LETTER_PAUSE = timedelta(minutes=1)


class People:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sign_in: SignIn,
        codes: Codes,
        heroes: Heroes,
        outbox: Outbox,
        media: Media,
        confirmations: ConfirmationLetters,
        token_kinds: TokenKinds,
        reveal_codes: bool,
    ) -> None:
        self._people = database.people
        self._numbers = database.numbers
        self._clock = clock
        self._sign_in = sign_in
        self._codes = codes
        self._heroes = heroes
        self._outbox = outbox
        self._media = media
        self._confirmations = confirmations
        self._reveal_codes = reveal_codes
        self._token_kinds = token_kinds

    async def text_registration_code(self, phone: str, *, address: str) -> str | None:
        """Text a code to somebody who is about to register. The code itself comes back under DEBUG only.

        Raises Invalid for a number that belongs to somebody, CodeStillGood, Throttled, CarrierRefused.
        """
        if await self._people.with_phone(phone) is not None:
            raise Invalid(phone="taken")
        code = await self._codes.text(REGISTRATION, phone, address=address)
        return code if self._reveal_codes else None

    async def register(
        self,
        *,
        first_name: str,
        last_name: str,
        email: str,
        password: str,
        phone: str,
        phone_token: str,
        timezone: str,
        contract: str,
        address: str,
    ) -> tuple[Person, str]:
        """The new person and a sign-in token. The code is spent only if an account comes of it.

        Raises Invalid, AlreadyExists("email") or Throttled.
        """
        await self._sign_in.check_address(address)
        passwords.check(password)
        try:
            await self._codes.spend(REGISTRATION, phone, phone_token)
        except CodeWrong as error:
            raise Invalid(phone_token="code_wrong") from error
        try:
            if await self._people.with_email(email) is not None:
                raise AlreadyExists("email")
            now = self._clock.now()
            person = Person(
                id=await self._numbers.next("people"),
                uuid=str(uuid.uuid4()),
                first_name=first_name,
                last_name=last_name,
                email=email,
                email_pending=email,
                phone=phone,
                timezone=timezone,
                password_hash=await self._sign_in.hash_password(password),
                created=now,
                updated=now,
            )
            token, kept = self._sign_in.new_token(contract)
            await self._people.add(person, kept)
        except Refusal as refusal:
            await self._codes.give_back(REGISTRATION, phone, phone_token)
            if isinstance(refusal, AlreadyExists) and refusal.field == "phone":
                raise Invalid(phone="taken") from refusal
            raise
        await self._confirmations.mail_first(person.id, email)
        return person, token

    async def log_in(self, *, email: str, password: str, contract: str, address: str) -> tuple[Person, str]:
        """Raises BadCredentials, in the same time for known and unknown addresses, or Throttled."""
        await self._sign_in.check_address(address)
        person = await self._sign_in.with_password(await self._people.with_email(email), password)
        return person, await self._sign_in.give_token(person.id, contract)

    async def change_profile(
        self,
        person: Person,
        wanted: dict[str, Any],
        *,
        address: str,
        phone_kind: CodeKind = NEW_PHONE,
        also: Mapping[str, Any] | None = None,
    ) -> Person:
        """Change one's own profile. A new address or number is pending until it is proven. `also` are changes
        that the caller has checked, made in the same step.

        Raises Invalid when one is taken, Throttled or CarrierRefused; nothing is changed then.
        """
        changes = {name: wanted[name] for name in PLAIN_FIELDS if name in wanted} | dict(also or {})
        email, phone = wanted.get("email"), wanted.get("phone")
        await self._check_not_taken(person, email=email, phone=phone)
        mail_to = await self._address_to_prove(person, email, address=address)
        if email is not None and (mail_to or email != person.email):
            changes |= {"email_pending": email, "email_verified": False}
        if phone is not None:
            changes |= await self._change_of_phone(person, phone, address=address, kind=phone_kind)
        if not changes:
            return person
        now = self._clock.now()
        if any(name in changes for name in SHOWN_BY_HERO):
            changes["hero_outdated"] = now
        async with self._media.replacing_avatar(person, changes.get("image_url", person.image_url)):
            changed = await self._people.change(person.id, {**changes, "updated": now})
        if "hero_outdated" in changes:
            await self._heroes.follow_person(person.id)
        if mail_to:
            await self._confirmations.mail(person.id, mail_to)
        return changed

    async def change_phone(
        self, person: Person, phone: str, *, address: str, kind: CodeKind = NEW_PHONE
    ) -> Person:
        """Text a code to the number that a person wants to have; he has none until it is proven.

        Raises Invalid(phone="taken"), Throttled or CarrierRefused; nothing is changed then.
        """
        await self._check_not_taken(person, email=None, phone=phone)
        changes = await self._change_of_phone(person, phone, address=address, kind=kind)
        if not changes:
            return person
        return await self._people.change(person.id, {**changes, "updated": self._clock.now()})

    async def prove_phone(
        self, person: Person, code: str, *, token: str | None, kind: CodeKind = NEW_PHONE
    ) -> Person:
        """Give a person his pending number; his other sign-ins end.

        Raises CodeWrong, CodeDead, or Invalid(phone="taken") when somebody else has proven it before.
        """
        phone = person.phone_pending
        if phone is None:
            raise CodeWrong
        await self._codes.spend(kind, phone, code, person_id=person.id)
        try:
            changed = await self._people.change(
                person.id,
                {"phone": phone, "phone_pending": None, "updated": self._clock.now()},
                only_if={"phone_pending": phone},
            )
        except NotFound as error:
            raise CodeWrong from error
        except AlreadyExists as error:
            raise Invalid(phone="taken") from error
        await self._sign_in.sign_out_elsewhere(person.id, token)
        return changed

    async def prove_email(self, person: Person, token: str) -> Person:
        """Give a person his pending address.

        Raises TokenNotFound, or Invalid(email="taken") when somebody else has proven it before.
        """
        found = await self._codes.look_at_token(self._token_kinds.confirm_address, token)
        if found.person_id != person.id:
            raise TokenNotFound
        try:
            changed = await self._people.change(
                person.id,
                {
                    "email": found.about,
                    "email_verified": True,
                    "email_pending": None,
                    "updated": self._clock.now(),
                },
                only_if={"email_pending": found.about},
            )
        except NotFound as error:
            raise TokenNotFound from error
        except AlreadyExists as error:
            raise Invalid(email="taken") from error
        await self._codes.end_token(self._token_kinds.confirm_address, person.id)
        # What was mailed to the old address must not open the account any more.
        await self._codes.end_token(self._token_kinds.reset_password, person.id)
        return changed

    async def local_time(self, user_uuid: str, moment: datetime) -> datetime:
        """The moment in this person's zone. Raises Invalid(user_id="unknown")."""
        person = await self._people.with_uuid(user_uuid)
        if person is None:
            raise Invalid(user_id="unknown")
        return moment.astimezone(person.zone)

    async def make_staff(self, email: str) -> Person:
        """Let somebody decide about heroes. Raises NotFound."""
        person = await self._people.with_email(normal_email(email))
        if person is None:
            raise NotFound
        return await self._people.change(person.id, {"is_staff": True, "updated": self._clock.now()})

    async def _check_not_taken(self, person: Person, *, email: str | None, phone: str | None) -> None:
        """A friendly look beforehand; the unique indexes decide when they are proven."""
        problems = {}
        new_email = email if email != person.email else None
        new_phone = phone if phone != person.phone else None
        if new_email is not None and await self._people.with_email(new_email) is not None:
            problems["email"] = "taken"
        if new_phone is not None and await self._people.with_phone(new_phone) is not None:
            problems["phone"] = "taken"
        if problems:
            raise Invalid(problems)

    async def _address_to_prove(self, person: Person, email: str | None, *, address: str) -> str | None:
        """The address that a confirmation must be mailed to, if any. Raises Throttled for a new one."""
        if email is None or (email == person.email and person.email_verified):
            return None
        again = email == person.email_pending
        if again:
            made = await self._codes.token_made(self._token_kinds.confirm_address, person.id)
            if made is not None and made.created > self._clock.now() - LETTER_PAUSE:
                return None
        try:
            await self._codes.check_letter_limits(
                self._token_kinds.confirm_address, person.id, address=address
            )
        except Throttled:
            # A form that sends along what is pending anyway is no request for another letter.
            if again:
                return None
            raise
        return email

    async def _change_of_phone(
        self, person: Person, phone: str, *, address: str, kind: CodeKind = NEW_PHONE
    ) -> dict[str, Any]:
        """What changes in a person who wants this number, after its code is on the way."""
        if phone == person.phone:
            return {}
        try:
            await self._codes.text(kind, phone, address=address, person_id=person.id)
        except CodeStillGood:
            log.info("%s has a good code already", masked(phone))
        if person.phone is not None:
            await self._outbox.add_text(
                key=f"new-phone:{person.id}:{codes.new_token()}",
                to=person.phone,
                person_id=person.id,
                body=text_about_new_number(masked(phone)),
                purpose="account",
            )
        return {"phone": None, "phone_pending": phone}
