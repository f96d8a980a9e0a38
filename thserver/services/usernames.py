"""Accounts that sign in by a username: registering, signing in, the profile with its username and flags."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any

from store.database import Database
from store.people import Token
from thserver.domain import passwords
from thserver.domain.errors import AlreadyExists, Invalid, Refusal, Unavailable
from thserver.domain.password_strength import check_strength
from thserver.domain.people import Person, normal_email
from thserver.domain.ports import Clock
from thserver.services.codes import NEW_PHONE_DIGITS
from thserver.services.confirmation_letters import ConfirmationLetters
from thserver.services.media import Media
from thserver.services.people import People
from thserver.services.sign_in import SignIn

FLAGS = ("is_mentor", "is_mentee")


class Usernames:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sign_in: SignIn,
        people: People,
        media: Media,
        confirmations: ConfirmationLetters,
    ) -> None:
        self._rows = database.people
        self._numbers = database.numbers
        self._clock = clock
        self._sign_in = sign_in
        self._people = people
        self._media = media
        self._confirmations = confirmations

    async def register(
        self, *, username: str, email: str, password: str, repeated: str, address: str
    ) -> Person:
        """Raises Invalid (WeakPassword among them) or Throttled. The unique indexes decide about name and address."""
        await self._sign_in.check_address(address)
        username = normal_username(username)
        await self._check_free(username, email)
        check_strength(password, {"username": username, "email": email})
        if password != repeated:
            raise Invalid(passwords="not_the_same")
        return await self._add(username, email, password)

    async def register_by_name(
        self, *, username: str, email: str, password: str, first_name: str, last_name: str, contract: str
    ) -> tuple[Person, str]:
        """The new person, signed in at once; the caller has counted the address. Raises Invalid."""
        username = normal_username(username)
        await self._check_free(username, email)
        passwords.check(password, with_digit=False)
        token, kept = self._sign_in.new_token(contract)
        person = await self._add(
            username, email, password, first_name=first_name, last_name=last_name, token=kept
        )
        return person, token

    async def log_in(self, *, username: str, password: str, contract: str, address: str) -> str:
        """A sign-in token. Raises BadCredentials, in the same time for known and unknown names, or Throttled."""
        await self._sign_in.check_address(address)
        _, token = await self.enter(username=username, password=password, contract=contract)
        return token

    async def enter(self, *, username: str, password: str, contract: str) -> tuple[Person, str]:
        """As `log_in`, with the person, for a caller who has counted the address."""
        person = await self._sign_in.with_password(await self._called(username), password)
        return person, await self._sign_in.give_token(person.id, contract)

    async def _called(self, name: str) -> Person | None:
        """Who has this username; or this address, as long as he has no username."""
        person = await self._rows.with_username(normal_username(name))
        if person is None and "@" in name:
            person = await self._rows.with_email(normal_email(name))
            if person is not None and person.username is not None:
                return None
        return person

    async def change_profile(self, person: Person, wanted: dict[str, Any], *, address: str) -> Person:
        """As People.change_profile, with username, flags and `photo` too: an upload's bytes, None for no picture.
        `phone` None takes the number away.

        Raises Invalid, Throttled or CarrierRefused; nothing is changed then.
        """
        changes = {name: wanted[name] for name in FLAGS if name in wanted}
        if "username" in wanted:
            username = normal_username(wanted["username"])
            if username != person.username:
                if await self._rows.with_username(username) is not None:
                    raise Invalid(username="taken")
                changes["username"] = username
        rest = {name: value for name, value in wanted.items() if name not in (*FLAGS, "username", "photo")}
        if "phone" in rest and rest["phone"] is None:
            del rest["phone"]
            changes |= {"phone": None, "phone_pending": None}
        image = None
        if "photo" in wanted:
            rest["image_url"] = None
            if wanted["photo"] is not None:
                picture = await self._media.prepare(wanted["photo"], field="profile_photo")
                image = await self._media.keep(picture, owner_id=person.id, purpose="avatar")
                rest["image_url"] = image.url_path
        try:
            return await self._people.change_profile(
                person, rest, address=address, phone_kind=NEW_PHONE_DIGITS, also=changes
            )
        except Refusal as refusal:
            if image is not None and not isinstance(refusal, Unavailable):
                await self._media.remove(image.id, owner_id=person.id, purpose="avatar")
            if isinstance(refusal, AlreadyExists):
                raise Invalid({refusal.field: "taken"}) from refusal
            raise

    async def _check_free(self, username: str, email: str) -> None:
        """A friendly look beforehand; the unique indexes decide."""
        problems = {}
        if await self._rows.with_username(username) is not None:
            problems["username"] = "taken"
        if await self._rows.with_email(email) is not None:
            problems["email"] = "taken"
        if problems:
            raise Invalid(problems)

    async def _add(
        self,
        username: str,
        email: str,
        password: str,
        *,
        first_name: str = "",
        last_name: str = "",
        token: Token | None = None,
    ) -> Person:
        now = self._clock.now()
        person = Person(
            id=await self._numbers.next("people"),
            uuid=str(uuid.uuid4()),
            first_name=first_name,
            last_name=last_name,
            username=username,
            email=email,
            email_pending=email,
            password_hash=await self._sign_in.hash_password(password),
            created=now,
            updated=now,
        )
        try:
            await self._rows.add(person, token)
        except AlreadyExists as error:
            raise Invalid({error.field: "taken"}) from error
        await self._confirmations.mail_first(person.id, email)
        return person


def normal_username(username: str) -> str:
    """NFKC and lower case: the form in which usernames are kept and compared."""
    return unicodedata.normalize("NFKC", username).lower()
