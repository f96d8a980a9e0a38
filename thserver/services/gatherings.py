"""Gatherings: made by a king for others, who may invite more; he may send somebody away; whoever leaves may come back.

Each change of a gathering's people is made to what was seen, or seen again and decided anew. Whoever is out has lost
his PIN in the same update, and is taken off the line right after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime

from store.bookings import Stale
from store.database import Database
from thserver.domain import codes
from thserver.domain import gatherings as rules
from thserver.domain.bookings import Booking, Kind, News, Pin, State
from thserver.domain.errors import AlreadyExists, Invalid, NotFound, Refusal, Unavailable
from thserver.domain.gatherings import Gathering, gathering_of
from thserver.domain.media import Picture
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.blacklist import Blacklist
from thserver.services.booking_moves import PIN_ATTEMPTS, BookingMoves
from thserver.services.gathering_heirs import Heirs
from thserver.services.gathering_news import change_news, left_news, moved_news
from thserver.services.gathering_texts import GatheringTexts
from thserver.services.media import Media
from thserver.services.news import NewsDesk
from thserver.services.rooms import RoomKeeper

# With everybody changing the same gathering at once, one gets through in each round.
ROUNDS = 100
MOST_SHOWN = 1000


class Gatherings:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        background: Background,
        moves: BookingMoves,
        news: NewsDesk,
        media: Media,
        blacklist: Blacklist,
        rooms: RoomKeeper,
        texts: GatheringTexts,
        secret_key: str,
    ) -> None:
        self._gatherings = database.gatherings
        self._people = database.people
        self._numbers = database.numbers
        self._clock = clock
        self._background = background
        self._moves = moves
        self._news = news
        self._media = media
        self._blacklist = blacklist
        self._rooms = rooms
        self._texts = texts
        self._secret_key = secret_key
        self._heirs = Heirs(database=database, clock=clock, news=news, rooms=rooms)

    async def get(self, person: Person, gathering_id: int) -> Gathering:
        """Raises NotFound, also for somebody who is not in it."""
        return gathering_of(await self._find(gathering_id, person.id))

    async def of(self, person: Person, *, with_completed: bool) -> list[Gathering]:
        """Those that this person is in, the newest first."""
        return await self._gatherings.of_person(person.id, with_completed=with_completed, limit=MOST_SHOWN)

    async def create(
        self,
        king: Person,
        *,
        title: str,
        description: str | None,
        picture: Picture,
        user_ids: Sequence[int],
        starts: datetime | None,
    ) -> Gathering:
        """Gather these people, but for those who are not here or have blocked the king. Everybody is told.

        Raises Invalid, Throttled, or TimeTaken when the king hosts another call then.
        """
        now = self._clock.now()
        if starts is not None:
            starts = rules.whole_milliseconds(starts)
        rules.check_time(starts, now)
        guest_ids = await self._who_may_be_invited(king.id, user_ids)
        if len(guest_ids) >= rules.MOST_MEMBERS:
            raise Invalid(users="too_many")
        await self._texts.count(king.id, len(guest_ids))
        image = await self._media.keep(picture, owner_id=king.id, purpose="logo")
        news = [News("invited:0", "invited", king.id, now)] if guest_ids else []
        if starts is not None:
            news.append(News("agreed:0", "agreed", king.id, now))
        try:
            booking = await self._moves.add(
                Booking(
                    id=await self._numbers.next("bookings"),
                    kind=Kind.GATHERING,
                    host_id=king.id,
                    guest_ids=tuple(guest_ids),
                    state=rules.state_of_new(starts),
                    room=king.slug or await self._people.give_slug(king.id, king.full_name),
                    message=title,
                    minutes=rules.MINUTES,
                    starts=starts,
                    details=rules.details_of(
                        title=title, description=description, logo_id=image.id, logo_owner_id=king.id
                    ),
                    news=tuple(news),
                    created=now,
                    updated=now,
                )
            )
        except Refusal:
            await self._media.remove(image.id, owner_id=king.id, purpose="logo")
            raise
        return gathering_of(booking)

    async def invite(self, sender: Person, gathering_id: int, user_id: int) -> Gathering:
        """Any member brings somebody in, who is told; nothing changes for a member, and for one who has blocked the
        sender. Raises NotFound, Invalid(user=…), WrongState or Throttled."""
        rules.check_open(await self._find(gathering_id, sender.id))
        if user_id == sender.id:
            raise Invalid(user="oneself")
        person = (await self._people.many([user_id])).get(user_id)
        if person is None or not person.has_account:
            raise Invalid(user="unknown")
        may_be_invited = bool(await self._who_may_be_invited(sender.id, [user_id]))
        counted = False

        async def change(booking: Booking, attempt: int) -> Booking:
            nonlocal counted
            rules.check_open(booking)
            if user_id in booking.people_ids or not may_be_invited:
                return booking
            if len(booking.people_ids) >= rules.MOST_MEMBERS:
                raise Invalid(user="too_many")
            if not counted:
                await self._texts.count(sender.id, 1)
                counted = True
            now = self._clock.now()
            news = change_news("invited", booking, sender.id, now, about=user_id)
            pin = self._pin(booking, user_id, attempt, beside=booking.pins) if booking.pins else None
            changed = await self._gatherings.invite(booking, user_id, pin=pin, news=news, now=now)
            self._news.tell(changed)
            return changed

        return gathering_of(await self._change(gathering_id, sender.id, change))

    async def exclude(self, king: Person, gathering_id: int, user_id: int) -> Gathering:
        """The king sends somebody away. Raises NotFound, NotAllowed, Invalid(user=…) or WrongState."""

        async def change(booking: Booking, attempt: int) -> Booking:
            rules.check_king(booking, king.id)
            if user_id == king.id:
                raise Invalid(user="oneself")
            rules.check_open(booking)
            if user_id not in booking.guest_ids:
                raise Invalid(user="unknown")
            return await self._let_go(booking, user_id, by=king.id)

        changed = await self._change(gathering_id, king.id, change)
        self._show_out(changed.id)
        return gathering_of(changed)

    async def update(
        self, king: Person, gathering_id: int, *, completed: bool, starts: datetime | None = None
    ) -> Gathering:
        """The king sets its time, or another one, until it has begun; and says that it is completed, for good.

        Everybody is told. Raises NotFound, NotAllowed, WrongState, Invalid, Throttled, or TimeTaken when he hosts
        another call then.
        """
        if starts is not None:
            await self._set_time(king, gathering_id, rules.whole_milliseconds(starts))

        async def change(booking: Booking, attempt: int) -> Booking:
            rules.check_king(booking, king.id)
            rules.check_open(booking)
            if not completed:
                return booking
            now = self._clock.now()
            state, minutes = rules.after_completion(booking, now)
            news = None
            if state is State.CANCELLED and booking.state is State.AGREED:
                news = change_news("called_off", booking, king.id, now)
            changed = await self._gatherings.complete(booking, state, minutes, news=news, now=now)
            self._news.tell(changed)
            return changed

        return gathering_of(await self._change(gathering_id, king.id, change))

    async def leave(self, person_id: int, gathering_id: int) -> None:
        """Out of it, completed or not. After the king one of the others is king; after the last it is gone.

        Raises NotFound.
        """

        async def change(booking: Booking, attempt: int) -> Booking:
            now = self._clock.now()
            if person_id in booking.guest_ids:
                return await self._let_go(booking, person_id, by=person_id)
            if booking.guest_ids:
                return await self._heirs.pass_on(booking, now)
            gathering = gathering_of(booking)
            # In doubt first: should the process die in between, the sweep takes the picture away.
            await self._media.doubt(gathering.logo_id, owner_id=gathering.logo_owner_id, purpose="logo")
            gone = await self._gatherings.give_up(booking, now=now)
            await self._media.remove(gathering.logo_id, owner_id=gathering.logo_owner_id, purpose="logo")
            return gone

        await self._change(gathering_id, person_id, change)
        self._show_out(gathering_id)

    async def closed(self, person_id: int) -> None:
        """Somebody closes his account and leaves everything that he is in; a repetition does no harm."""
        while found := await self._gatherings.of_person(person_id, with_completed=True, limit=MOST_SHOWN):
            for gathering in found:
                try:
                    await self.leave(person_id, gathering.id)
                except NotFound:
                    continue  # He was out already.

    async def logos_in_use(self, images: Mapping[str, int]) -> set[str]:
        """Those of these pictures that are shown; for the sweep."""
        return await self._gatherings.logos_in_use(images.keys())

    async def _find(self, gathering_id: int, person_id: int) -> Booking:
        booking = await self._gatherings.get(gathering_id, person_id)
        if booking is None:
            raise NotFound
        return booking

    async def _change(
        self, gathering_id: int, person_id: int, change: Callable[[Booking, int], Awaitable[Booking]]
    ) -> Booking:
        """Change the gathering as it is now; again, with what it is then, if somebody else was faster."""
        attempt = 0
        for _ in range(ROUNDS):
            booking = await self._find(gathering_id, person_id)
            try:
                return await change(booking, attempt)
            except Stale:
                continue
            except AlreadyExists as error:
                if error.field != "pins.hash":
                    raise
                attempt += 1
        raise Unavailable

    async def _set_time(self, king: Person, gathering_id: int, starts: datetime) -> None:
        counted = False

        async def change(booking: Booking, attempt: int) -> Booking:
            nonlocal counted
            now = self._clock.now()
            rules.check_king(booking, king.id)
            rules.check_open(booking)
            if booking.starts == starts:
                # Clients send the time that it has along with what they change, also when that has come.
                return booking
            rules.check_time(starts, now)
            rules.check_movable(booking, now)
            if not counted:
                await self._texts.count_move(booking.id, king.id, len(booking.guest_ids))
                counted = True
            pins = {pin.person_id: pin for pin in booking.pins}
            for person_id in booking.people_ids:
                if person_id not in pins:
                    pins[person_id] = self._pin(booking, person_id, attempt, beside=pins.values())
            changed = await self._gatherings.set_time(
                booking, starts, pins=pins.values(), news=moved_news(booking, king.id, now), now=now
            )
            self._news.tell(changed)
            return changed

        await self._change(gathering_id, king.id, change)

    async def _let_go(self, booking: Booking, person_id: int, *, by: int) -> Booking:
        now = self._clock.now()
        changed = await self._gatherings.let_go(
            booking, person_id, news=left_news(booking, person_id, by, now), now=now
        )
        self._news.tell(changed)
        return changed

    async def _who_may_be_invited(self, sender_id: int, user_ids: Sequence[int]) -> list[int]:
        """Those of them, each once, who are here and have not blocked the sender."""
        wanted = [each for each in dict.fromkeys(user_ids) if each != sender_id]
        if not wanted:
            return []
        people = await self._people.many(wanted)
        there = [each for each in wanted if each in people and people[each].has_account]
        blockers = await self._blacklist.blockers(sender_id, there) if there else set()
        return [each for each in there if each not in blockers]

    def _pin(self, booking: Booking, person_id: int, attempt: int, *, beside: Iterable[Pin]) -> Pin:
        """A PIN for somebody who comes later, none like another in this gathering."""
        there = {pin.hash for pin in beside}
        while True:
            pin = codes.pin_for(self._secret_key, booking.id, person_id, attempt)
            hashed = codes.keyed_hash(self._secret_key, "pin", pin)
            if hashed not in there:
                return Pin(person_id, attempt, hashed)
            attempt += PIN_ATTEMPTS

    def _show_out(self, gathering_id: int) -> None:
        self._background.soon(f"show out of {gathering_id}", lambda: self._rooms.show_out(gathering_id))
