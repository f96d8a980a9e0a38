"""The letters with which people prove their addresses: the first is due from the moment that somebody is registered."""

from __future__ import annotations

import logging
from datetime import timedelta

from store.database import Database
from thserver import kill_points
from thserver.domain import codes
from thserver.domain.errors import Unavailable
from thserver.domain.ports import Clock
from thserver.services.background import one_of_many
from thserver.services.codes import Codes, TokenKinds
from thserver.services.outbox import Outbox

log = logging.getLogger(__name__)

LEFT_OVER_AFTER = timedelta(seconds=30)

kill_points.POINTS |= {
    "person.added": "somebody is registered; his letter is not written",
    "person.letter_written": "the letter is in the outbox; that it is due is still noted",
}


class ConfirmationLetters:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        codes: Codes,
        outbox: Outbox,
        token_kinds: TokenKinds,
        web_domain: str,
    ) -> None:
        self._people = database.people
        self._clock = clock
        self._codes = codes
        self._outbox = outbox
        self._token_kinds = token_kinds
        self._web_domain = web_domain

    async def mail_first(self, person_id: int, email: str) -> None:
        """He is registered, whatever becomes of the letter now: the sweep finds that it is due."""
        kill_points.reached("person.added")
        try:
            await self.mail(person_id, email, is_first=True)
            kill_points.reached("person.letter_written")
            await self._people.letter_written(person_id)
        except Unavailable:
            log.warning("person %s gets his letter to confirm his address later", person_id)

    async def mail_left_over(self) -> int:
        """Write to those whose first letter a process that died has not written; says how many there were."""
        left = await self._people.without_letter(before=self._clock.now() - LEFT_OVER_AFTER)
        for person in left:
            with one_of_many(f"the first letter to person {person.id}"):
                key = _first_letter(person.id)
                if person.email_pending is not None and not await self._outbox.known([key]):
                    await self.mail(person.id, person.email_pending, is_first=True)
                await self._people.letter_written(person.id)
        return len(left)

    async def mail(self, person_id: int, email: str, *, is_first: bool = False) -> None:
        token = await self._codes.make_token(self._token_kinds.confirm_address, person_id, about=email)
        keys = [_first_letter(person_id)] if is_first else []
        # He may ask for it again as soon as he has it: then it is another letter.
        for key in [*keys, f"confirm-address:{person_id}:{codes.new_token()}"]:
            if await self._outbox.add_letter(
                key=key,
                to=email,
                person_id=person_id,
                template="confirm_address",
                facts={
                    "token": token,
                    "link": f"https://{self._web_domain}/verify-email/{token}",
                    "days": self._token_kinds.confirm_address.life.days,
                },
                purpose="account",
            ):
                return


def _first_letter(person_id: int) -> str:
    return f"confirm-address:{person_id}:first"
