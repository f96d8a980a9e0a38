"""Meetings with an expert: asked for with a credit held, confirmed, completed; and who did not come."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.database import Database
from thserver.domain.bookings import Booking, Kind, Role, State
from thserver.domain.conferences import talk_intervals
from thserver.domain.errors import Invalid, NotAllowed, NotFound, Refusal, TimeTaken, WrongState
from thserver.domain.meetings import Category, Review
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.booking_moves import BookingMoves
from thserver.services.bookings import BookingService
from thserver.services.categories import CategoryService
from thserver.services.credits import Credits
from thserver.services.weekly_availability import WeeklyAvailabilityService

log = logging.getLogger("thserver.meetings")

SHORTEST = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
# When it is decided who did not come, and when a meeting to which nobody came is over for good.
DECIDED_AFTER = timedelta(minutes=15)
GIVEN_UP_AFTER = timedelta(hours=24)
MOST_SHOWN = 1000
NOT_DECIDED = (State.AGREED, State.MISSED)


class MeetingNotFound(NotFound):
    """There is no such meeting, or it is none of this person's business."""

    code = "meeting_not_found"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is needed to show meetings: people and categories by id."""

    people: dict[int, Person]
    categories: dict[int, Category]


class Meetings:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        bookings: BookingService,
        moves: BookingMoves,
        credits: Credits,
        categories: CategoryService,
        availability: WeeklyAvailabilityService,
        longest: timedelta,
    ) -> None:
        self._rows = database.bookings
        self._people = database.people
        self._reviews = database.reviews
        self._conferences = database.conferences
        self._clock = clock
        self._bookings = bookings
        self._moves = moves
        self._credits = credits
        self._categories = categories
        self._availability = availability
        self._longest = longest

    # Reading.

    async def find(self, booking_id: int, person_id: int) -> Booking:
        """One of this person's meetings. Raises MeetingNotFound, also for somebody else's."""
        try:
            return await self._bookings.find(booking_id, person_id, Kind.MEETING)
        except NotFound as error:
            raise MeetingNotFound from error

    async def look(self, booking_id: int) -> Booking:
        """Any meeting; what the caller may do with it is for others to see. Raises MeetingNotFound."""
        booking = await self._rows.get(booking_id)
        if booking is None or booking.kind is not Kind.MEETING:
            raise MeetingNotFound
        return booking

    async def of_person(
        self, person_id: int, *, states: Sequence[State] | None = None, as_host: bool | None = None
    ) -> list[Booking]:
        """A person's last meetings, as requester and as expert, the oldest of them first."""
        return await self._rows.latest_of_person(
            person_id, Kind.MEETING, states=states, as_host=as_host, limit=MOST_SHOWN
        )

    async def facts(self, bookings: Sequence[Booking]) -> Facts:
        people = {person_id for booking in bookings for person_id in booking.people_ids}
        return Facts(await self._people.many(people), await self._categories.by_id())

    async def reviews(self, booking: Booking) -> list[Review]:
        return await self._reviews.of_booking(booking.id)

    # Asking and answering.

    async def create(
        self,
        requester: Person,
        *,
        title: str,
        description: str,
        expert_id: int,
        category_id: int,
        starts: datetime,
        ends: datetime,
    ) -> Booking:
        """Ask an expert for a meeting; a credit is held for it. Raises Invalid by field, or NotEnoughCredits."""
        starts, ends = starts.replace(microsecond=0), ends.replace(microsecond=0)
        problems: dict[str, str] = {}
        expert = await self._people.get(expert_id)
        if expert is None or not expert.is_active:
            problems["expert_id"] = "unknown_expert"
        elif expert.id == requester.id:
            problems["expert_id"] = "oneself"
        if category_id not in await self._categories.by_id():
            problems["category_id"] = "unknown_category"
        problems |= self._problems_of_time(starts, ends)
        if problems or expert is None:
            raise Invalid(problems)
        if not await self._availability.is_available(expert, starts, ends):
            raise Invalid(scheduled_start="not_available")
        try:
            return await self._bookings.propose(
                Kind.MEETING,
                host=expert,
                guest_ids=[requester.id],
                by=requester.id,
                starts=starts,
                minutes=-(-(ends - starts) // MINUTE),
                message=description,
                details={"title": title, "category_id": category_id, "ends": ends},
                keep=self._credits.hold_for,
            )
        except TimeTaken as error:
            raise Invalid(scheduled_start="time_taken") from error

    async def confirm(self, booking: Booking, person_id: int) -> Booking:
        """The expert's yes. Raises NotAllowed or WrongState."""
        return await self._bookings.confirm(booking, person_id)

    async def cancel(self, booking: Booking, person_id: int) -> Booking:
        """Either withdraws until it starts; later only the expert, who forgoes the credit. Raises WrongState."""
        now = self._clock.now()
        has_begun = booking.starts is not None and booking.starts <= now
        if has_begun and booking.state in NOT_DECIDED:
            if booking.role_of(person_id) is not Role.HOST:
                raise WrongState
            cancelled = await self._moves.make(
                "call_off", "cancelled", booking, person_id, changes={"cancelled_by": person_id}
            )
        else:
            cancelled = await self._bookings.cancel(booking, person_id)
        await self._give_back(cancelled)
        return cancelled

    async def complete(self, booking: Booking, person_id: int) -> Booking:
        """Either says, once the end has passed, that it took place. An expert who did not come, while the
        requester was on the line, cannot. Raises WrongState or NotAllowed."""
        if booking.state not in NOT_DECIDED:
            raise WrongState
        if booking.ends is None or booking.ends > self._clock.now():
            raise WrongState
        if booking.role_of(person_id) is Role.HOST:
            came, _ = await self._who_came(booking)
            if came and booking.host_id not in came:
                raise NotAllowed
        return await self._moves.make("complete", "held", booking, person_id)

    # What follows by itself.

    async def decide_no_shows(self) -> int:
        """Meetings that are over and to which not both came: the credit is for the one who did. Says how many."""
        now = self._clock.now()
        decided = 0
        for booking in await self._rows.ended(Kind.MEETING, NOT_DECIDED, before=now - DECIDED_AFTER):
            try:
                decided += await self._decide(booking, now)
            except WrongState:
                continue  # Somebody has decided it in the meantime.
            except Refusal as refusal:
                log.warning("meeting %s was not decided: %s", booking.id, refusal)
        return decided

    async def _decide(self, booking: Booking, now: datetime) -> bool:
        came, is_settled = await self._who_came(booking)
        if not is_settled:
            return False
        changes = {"details.came": sorted(came)}
        if came == {booking.host_id}:
            await self._moves.make("complete", "held", booking, None, changes=changes)
            return True
        given_up = booking.ends is not None and booking.ends + GIVEN_UP_AFTER <= now
        if (came and booking.host_id not in came) or given_up:
            cancelled = await self._moves.make("call_off", "cancelled", booking, None, changes=changes)
            await self._give_back(cancelled)
            return True
        return False

    async def _give_back(self, cancelled: Booking) -> None:
        """The credit of a cancelled meeting. Should it not get through, the news of the meeting sees to it."""
        try:
            await self._credits.release(cancelled)
        except Refusal as refusal:
            log.warning("the credit of meeting %s was not given back yet: %s", cancelled.id, refusal)

    async def _who_came(self, booking: Booking) -> tuple[set[int], bool]:
        """Who of its people was on the line, and whether that can be judged: not while somebody still is, nor
        when they talked, which settling the conference says."""
        conferences = await self._conferences.of_booking(booking.id)
        came = {leg.person_id for each in conferences for leg in each.legs if leg.person_id is not None}
        is_over = all(each.complete for each in conferences)
        talked = any(talk_intervals(each.legs, booking.host_id) for each in conferences)
        return came & set(booking.people_ids), is_over and not talked

    def _problems_of_time(self, starts: datetime, ends: datetime) -> dict[str, str]:
        if starts <= self._clock.now():
            return {"scheduled_start": "in_the_past"}
        if ends <= starts:
            return {"scheduled_end": "not_after_start"}
        if ends - starts < SHORTEST:
            return {"scheduled_end": "too_short_a_meeting"}
        if ends - starts > self._longest:
            return {"scheduled_end": "too_long_a_meeting"}
        return {}
