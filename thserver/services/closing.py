"""Closing an account: everything personal goes, and a nameless placeholder stays for other people's records.

The first step ends every sign-in and frees number, address and username; it also notes what is to be done. Each
further step can be done twice, and the note goes with the last one, so a sweep finishes what a crash has left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from store.closings import Closing as Note
from store.database import Database
from thserver import kill_points
from thserver.domain.media import image_id_in
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.background import one_of_many
from thserver.services.bookings import BookingService
from thserver.services.codes import Codes, TokenKinds
from thserver.services.media import Media
from thserver.services.news import NewsDesk

LEFT_OVER_AFTER = timedelta(seconds=30)
# What others read in the place of the name.
PLACEHOLDER = ("Deleted", "user")

Step = Callable[[int], Awaitable[object]]

kill_points.POINTS |= {
    "closing.begun": "nobody can sign in to the account any more",
    "closing.cancelled": "the person's bookings are cancelled",
    "closing.cleared": "everything but the name is gone",
}


class Closing:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        bookings: BookingService,
        news: NewsDesk,
        codes: Codes,
        token_kinds: TokenKinds,
        media: Media,
    ) -> None:
        self._closings = database.closings
        self._contacts = database.contacts
        self._blacklist = database.blacklist
        self._heroes = database.heroes
        self._clock = clock
        self._bookings = bookings
        self._news = news
        self._codes = codes
        self._token_kinds = token_kinds
        self._media = media
        self._steps: list[Step] = []

    def also(self, step: Step) -> None:
        """Do this, too, for everybody who closes his account; given the person's id. It must not mind a repetition,
        and comes before open bookings are cancelled, so that it can hand on what should live."""
        self._steps.append(step)

    async def close(self, person: Person) -> None:
        """Closing twice is once."""
        note = await self._closings.begin(person.id, now=self._clock.now())
        if note is not None:
            kill_points.reached("closing.begun")
            await self._finish(note)

    async def finish_left_over(self) -> int:
        """Finish what a process that died has left; says how many accounts there were."""
        left = await self._closings.half_done(before=self._clock.now() - LEFT_OVER_AFTER)
        for note in left:
            with one_of_many(f"closing the account of person {note.person_id}"):
                await self._finish(note)
        return len(left)

    async def _finish(self, note: Note) -> None:
        person_id = note.person_id
        for step in self._steps:
            await step(person_id)
        await self._bookings.cancel_all_of(person_id)
        # The others read who has left, not who is nameless.
        await self._news.tell_all_by(person_id)
        kill_points.reached("closing.cancelled")
        await self._contacts.forget(person_id, note.phone, before=note.since)
        await self._blacklist.forget(person_id)
        for kind in (self._token_kinds.confirm_address, self._token_kinds.reset_password):
            await self._codes.end_token(kind, person_id)
        image_id = image_id_in(note.image_url)
        if image_id is not None:
            await self._media.remove(image_id, owner_id=person_id, purpose="avatar")
        await self._close_hero(person_id)
        kill_points.reached("closing.cleared")
        first_name, last_name = PLACEHOLDER
        await self._closings.end(person_id, first_name=first_name, last_name=last_name, now=self._clock.now())

    async def _close_hero(self, person_id: int) -> None:
        """Of a hero only what he charged stays: it is in other people's records."""
        hero = await self._heroes.of_person(person_id)
        if hero is None:
            return
        nothing = dict.fromkeys(
            ("title", "description", "position", "company", "short_bio", "linkedin_url"), ""
        )
        await self._heroes.change(
            hero.id,
            {
                **nothing,
                "name": " ".join(PLACEHOLDER),
                "slug": f"deleted-{hero.id}",
                "active": False,
                "person_active": False,
            },
            now=self._clock.now(),
        )
