"""The notice of somebody's passing: begun by one trusted friend, confirmed by another, then told to the circle.

Who may do what is in `thserver/domain/circles.py`. Each step is one conditional update that also notes that it is to
be told; the telling follows in the background, and a sweep tells what a process that died has left.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from store.database import Database
from store.death_notices import Stale
from thserver.domain import circles as rules
from thserver.domain import death_notices as notices
from thserver.domain.bookings import Booking, Kind
from thserver.domain.circles import Member
from thserver.domain.death_notices import Funeral, Notice, NoticeState, Setting, Step, StepTaken
from thserver.domain.errors import AlreadyExists, Invalid, NotFound, Refusal, Unavailable, WrongState
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.bookings import BookingService
from thserver.services.circles import Circles
from thserver.services.notice_letters import NoticeLetters

log = logging.getLogger("thserver.circles")

LEFT_OVER_AFTER = timedelta(seconds=30)
READ_AGAIN = 5


class DeathNotices:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        background: Background,
        circles: Circles,
        bookings: BookingService,
        letters: NoticeLetters,
    ) -> None:
        self._notices = database.death_notices
        self._people = database.people
        self._friendships = database.friendships
        self._booking_rows = database.bookings
        self._numbers = database.numbers
        self._clock = clock
        self._background = background
        self._circles = circles
        self._bookings = bookings
        self._letters = letters

    # The account holder's own part.

    async def setting(self, holder: Person) -> Setting | None:
        return (await self._notices.get(holder.id)).setting

    async def save(self, holder: Person, setting: Setting) -> None:
        """Raises AlreadyAuthorised."""
        if not await self._notices.save(holder.id, setting):
            raise notices.AlreadyAuthorised

    async def signed_in(self, person_id: int) -> None:
        """Whoever signs in is alive: a notice that waits for its second friend is cancelled."""
        await self._undo(person_id, Step.CANCELLED, by=person_id)

    # His friends' part. `email` is the account holder's; a stranger learns nothing about whose it is.

    async def initiate(
        self, me: Person, *, email: str, date_of_death: date, given: Mapping[str, Any]
    ) -> None:
        """Say that somebody has died. Raises NotATrustedFriend, TooFewFriends, AlreadyInitiated, AlreadyAuthorised,
        or Invalid(date_of_death=…) for a day that has not come anywhere."""
        if date_of_death > (self._clock.now() + notices.FURTHEST_ZONE).date():
            raise Invalid(date_of_death="in_the_future")
        holder_id = await self._holder_of(me, email, Step.INITIATED)
        if await self._circles.count_trusted(holder_id) < notices.FRIENDS_NEEDED:
            raise notices.TooFewFriends
        await self._take(
            holder_id, Step.INITIATED, by=me.id, given=given, date_of_death=date_of_death.isoformat()
        )

    async def authorise(self, me: Person, *, email: str, given: Mapping[str, Any]) -> None:
        """Confirm it as the second friend; from now on it stands. Raises NotATrustedFriend, NotInitiated,
        OwnInitiation or AlreadyAuthorised."""
        holder_id = await self._holder_of(me, email, Step.AUTHORISED)
        await self._take(holder_id, Step.AUTHORISED, by=me.id, given=given)

    async def send_funeral_details(
        self, me: Person, *, email: str, time: datetime, location: str, details: str | None
    ) -> None:
        """Tell the circle, once, where and when; who cannot come may dial in.

        Raises NotATrustedFriend, NotAuthorised, DetailsSent, Invalid(time="in_the_past"), or TimeTaken when the one
        who authorised hosts another call then.
        """
        now = self._clock.now()
        if time <= now:
            raise Invalid(time="in_the_past")
        holder_id = await self._holder_of(me, email, Step.FUNERAL)
        notice = await self._notices.get(holder_id)
        notices.check_step(notice, Step.FUNERAL, me.id)
        funeral = Funeral(
            time=time,
            location=location,
            details=details,
            sent_at=now,
            by=me.id,
            booking_id=await self._numbers.next("bookings"),
        )
        taken, _ = await self._take(holder_id, Step.FUNERAL, by=me.id, funeral=funeral, tell=False)
        try:
            await self._gathering(taken)
        except Unavailable:
            # It may have been made; the sweep finds out, and tells what is to be told.
            raise
        except Refusal:
            await self._notices.take_back_funeral(holder_id, funeral.booking_id)
            raise
        self._tell_soon(taken)

    # What follows from elsewhere.

    async def left(self, holder_id: int, person_id: int) -> None:
        """This person is out of that holder's circle, and with him what he alone has said."""
        notice = await self._notices.get(holder_id)
        if notice.initiator_id == person_id:
            await self._undo(holder_id, Step.WITHDRAWN, by=person_id, initiator_id=person_id)

    async def closed(self, person_id: int) -> None:
        """This account is closed."""
        await self._notices.remove(person_id)
        for notice in await self._notices.initiated_by(person_id):
            await self._undo(notice.holder_id, Step.WITHDRAWN, by=person_id, initiator_id=person_id)

    async def tell_left_over(self) -> int:
        """Tell what a process that died has left; says how many notices there were."""
        left = await self._notices.untold(before=self._clock.now() - LEFT_OVER_AFTER)
        for notice in left:
            await self._tell(notice)
        return len(left)

    async def _holder_of(self, me: Person, email: str, step: Step) -> int:
        """The holder, if this person may take this step towards him. Raises NotATrustedFriend."""
        holder_id, friendships = await self._circles.standing_towards(email, me)
        if step not in rules.RIGHTS[rules.standing_of(friendships)].does:
            raise notices.NotATrustedFriend
        return holder_id

    async def _take(
        self, holder_id: int, step: Step, *, by: int, tell: bool = True, **more: Any
    ) -> tuple[Notice, StepTaken]:
        """Take the step, or see it refused by what somebody else has done."""
        for _ in range(READ_AGAIN):
            notice = await self._notices.get(holder_id)
            notices.check_step(notice, step, by)
            try:
                taken = await self._notices.take(notice, step, by=by, now=self._clock.now(), **more)
            except Stale:
                continue
            if tell:
                self._tell_soon(taken[0])
            return taken
        raise WrongState

    async def _undo(self, holder_id: int, step: Step, *, by: int, initiator_id: int | None = None) -> None:
        for _ in range(READ_AGAIN):
            notice = await self._notices.get(holder_id)
            if notice.state is not NoticeState.INITIATED:
                return
            if initiator_id is not None and notice.initiator_id != initiator_id:
                return
            try:
                undone, _ = await self._notices.take(notice, step, by=by, now=self._clock.now())
            except Stale:
                continue
            self._tell_soon(undone)
            return

    def _tell_soon(self, notice: Notice) -> None:
        self._background.soon(
            f"notice of passing {notice.holder_id}", lambda: self._tell_latest(notice.holder_id)
        )

    async def _tell_latest(self, holder_id: int) -> None:
        await self._tell(await self._notices.get(holder_id))

    async def _tell(self, notice: Notice) -> None:
        """Tell every step that was not told; telling one twice is once."""
        if not notice.untold:
            return
        holder = await self._people.get(notice.holder_id)
        if holder is None:
            return
        members = await self._circles.circle(notice.holder_id)
        for taken in notice.untold:
            booking = None
            guests: dict[int, int] = {}
            if taken.step is Step.FUNERAL:
                booking, guests = await self._announced(notice)
            await self._letters.write(
                notice, taken, holder=holder, members=members, booking=booking, guests=guests
            )
            await self._notices.told(notice.holder_id, taken.id)

    async def _announced(self, notice: Notice) -> tuple[Booking | None, dict[int, int]]:
        """The gathering, made now if a process died before it was; and who stands for whom in it."""
        try:
            booking = await self._gathering(notice)
        except Refusal as refusal:
            log.warning("the gathering of notice %s cannot be made: %s", notice.holder_id, refusal)
            return None, {}
        members = await self._circles.circle(notice.holder_id)
        return booking, {
            member.friendship.id: await self._stand_in(member) for member in members if member.rights.comes
        }

    async def _gathering(self, notice: Notice) -> Booking:
        """The booking that the funeral's details announce; making it again finds it. Raises TimeTaken, Invalid."""
        funeral = notice.funeral
        assert funeral is not None
        there = await self._booking_rows.get(funeral.booking_id)
        if there is not None:
            return there
        host = await self._host(notice, funeral)
        holder = await self._people.get(notice.holder_id)
        members = [each for each in await self._circles.circle(notice.holder_id) if each.rights.comes]
        stand_ins = [await self._stand_in(member) for member in members]
        try:
            return await self._bookings.propose(
                Kind.MEMORIAL,
                host=host,
                guest_ids=[each for each in dict.fromkeys(stand_ins) if each != host.id],
                by=funeral.by,
                starts=funeral.time,
                minutes=notices.GATHERING_MINUTES,
                details={
                    "holder_id": notice.holder_id,
                    "in_memory_of": holder.full_name if holder is not None else "",
                },
                firm=True,
                booking_id=funeral.booking_id,
            )
        except AlreadyExists:
            made = await self._booking_rows.get(funeral.booking_id)
            if made is None:
                raise
            return made

    async def _host(self, notice: Notice, funeral: Funeral) -> Person:
        """Who authorised; should he have closed his account since, who sent the details."""
        people = await self._people.many({notice.authoriser_id or 0, funeral.by})
        for person_id in (notice.authoriser_id or 0, funeral.by):
            person = people.get(person_id)
            if person is not None and person.closed is None:
                return person
        raise NotFound

    async def _stand_in(self, member: Member) -> int:
        """The id under which a member takes part in bookings: his account's, or that of a person without one, who is
        made once for this friendship and whom nobody can sign in as."""
        if member.person is not None:
            return member.person.id
        friendship = member.friendship
        if friendship.guest_id is not None:
            return friendship.guest_id
        guest_id = await self._friendships.give_guest(friendship.id, await self._numbers.next("people"))
        if guest_id is None:
            raise NotFound
        now = self._clock.now()
        guest = Person(
            id=guest_id,
            uuid=str(uuid.uuid4()),
            first_name=friendship.names.first_name,
            last_name=friendship.names.last_name or "",
            guest_email=friendship.email,
            created=now,
            updated=now,
        )
        try:
            await self._people.add(guest)
        except AlreadyExists as error:
            if error.field != "_id":
                raise
        return guest_id
