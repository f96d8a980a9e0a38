"""Signing in with nothing but a phone: whoever proves a number is the person who has it, or becomes a new one."""

from __future__ import annotations

import uuid
from datetime import timedelta
from string import digits

from store.database import Database
from thserver.domain import phone_numbers
from thserver.domain.errors import AlreadyExists, CodeDead, CodeWrong, NotFound, Refusal, Throttled
from thserver.domain.media import Picture
from thserver.domain.people import Person, is_zone, names_of
from thserver.domain.ports import Clock
from thserver.services.codes import CodeKind, Codes
from thserver.services.media import Media
from thserver.services.sign_in import SignIn

SIGN_IN = CodeKind(purpose="sign-in", length=6, alphabet=digits, life=timedelta(minutes=5), replaces=True)
# Good for every number, in development only.
MASTER_CODE = "00000"


class PhoneSignIn:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        codes: Codes,
        sign_in: SignIn,
        media: Media,
        takes_master_code: bool,
    ) -> None:
        self._people = database.people
        self._numbers = database.numbers
        self._clock = clock
        self._codes = codes
        self._sign_in = sign_in
        self._media = media
        self._takes_master_code = takes_master_code

    async def text_code(self, phone: str, *, address: str) -> bool:
        """Text a code in the place of any earlier one; whether nobody has this number yet.

        Raises Throttled or CarrierRefused.
        """
        await self._codes.text(SIGN_IN, phone, address=address)
        return await self._people.with_phone(phone) is None

    async def check_address(self, address: str) -> None:
        """Count one try from this network address; to be asked before anything else is looked at. Raises Throttled."""
        await self._sign_in.check_address(address)

    async def enter(self, phone: str, code: str, *, contract: str) -> tuple[Person, str]:
        """The person who has this number, and a token that ends what this contract gave him before.

        Raises CodeWrong or Throttled; NotFound when nobody has the number, and the code is good again then.
        """
        await self._spend(phone, code)
        person = await self._people.with_phone(phone)
        if person is None:
            await self._codes.give_back(SIGN_IN, phone, code)
            raise NotFound
        return person, await self._sign_in.give_token(person.id, contract, ending_earlier=True)

    async def join(
        self, phone: str, code: str, *, name: str, picture: Picture, contract: str
    ) -> tuple[Person, str]:
        """A new person with this number, and his token. He is in the contacts of all who had his number.

        Raises CodeWrong or Throttled; AlreadyExists("phone") when somebody has the number, and the code is good
        again then.
        """
        await self._spend(phone, code)
        try:
            if await self._people.with_phone(phone) is not None:
                raise AlreadyExists("phone")
            return await self._add(phone, name=name, picture=picture, contract=contract)
        except Refusal:
            await self._codes.give_back(SIGN_IN, phone, code)
            raise

    async def _add(self, phone: str, *, name: str, picture: Picture, contract: str) -> tuple[Person, str]:
        person_id = await self._numbers.next("people")
        # Should the person not come to be after all, the sweep finds the picture.
        image = await self._media.keep(picture, owner_id=person_id, purpose="avatar")
        first_name, last_name = names_of(name)
        zone = phone_numbers.zone_of(phone)
        now = self._clock.now()
        person = Person(
            id=person_id,
            uuid=str(uuid.uuid4()),
            first_name=first_name,
            last_name=last_name,
            phone=phone,
            timezone=zone if zone is not None and is_zone(zone) else "UTC",
            image_url=image.url_path,
            created=now,
            updated=now,
        )
        token, kept = self._sign_in.new_token(contract)
        await self._people.add(person, kept)
        return person, token

    async def _spend(self, phone: str, code: str) -> None:
        """Raises CodeWrong, or Throttled when its guesses are used up."""
        if self._takes_master_code and code == MASTER_CODE:
            return
        if len(code) != SIGN_IN.length or any(digit not in digits for digit in code):
            raise CodeWrong  # No code looks like this, so it is no guess.
        try:
            await self._codes.spend(SIGN_IN, phone, code)
        except CodeDead as error:
            raise Throttled(retry_after=await self._codes.dead_for_s(SIGN_IN, phone)) from error
