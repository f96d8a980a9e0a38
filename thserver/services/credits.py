"""Credits: everybody's first one, the hold of a meeting, its way back or on to the expert, exactly once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from store.database import Database
from thserver import kill_points
from thserver.domain import credits as rules
from thserver.domain.bookings import Booking, Kind, News, State
from thserver.domain.credits import Account, AlreadySettled, Entry
from thserver.domain.errors import NotAllowed, Refusal, Unavailable, WrongState
from thserver.domain.ports import Clock
from thserver.services.background import Background

log = logging.getLogger("thserver.credits")

LEFT_OVER_AFTER = timedelta(seconds=30)
# How many of his transactions a person is shown: the last ones.
MOST_SHOWN = 1000
# After these a meeting's credit goes back to whoever had it held.
WITHDRAWN = frozenset({"cancelled", "lapsed", "declined"})

Subscriber = Callable[[Entry], Awaitable[None]]

kill_points.POINTS |= {
    "credit.held": "the meeting is made and its credit held; nobody has been told",
    "credit.released": "the meeting is cancelled and its credit is back; nobody has been told",
    "credit.settled": "the credit has gone to the expert; nobody has been told",
}


class Credits:
    def __init__(
        self, *, database: Database, clock: Clock, background: Background, settle_after: timedelta
    ) -> None:
        self._entries = database.credits
        self._accounts = database.credit_accounts
        self._bookings = database.bookings
        self._numbers = database.numbers
        self._clock = clock
        self._background = background
        self._settle_after = settle_after
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        """Have this told of every entry that people see: at least once, so twice must be like once."""
        self._subscribers.append(subscriber)

    async def account(self, person_id: int) -> Account:
        """What this person has; his first credit, if he is here for the first time."""
        account = await self._accounts.get(person_id)
        if account is None:
            await self._open(person_id)
            account = await self._accounts.get(person_id)
        if account is None:
            raise Unavailable
        return account

    def welcome(self, person_id: int) -> None:
        """Give somebody new his first credit, after the answer. Whatever asks for his account gives it too."""
        self._background.soon(f"first credit of person {person_id}", lambda: self.account(person_id))

    async def transactions(self, person_id: int) -> list[Entry]:
        """The last ones, the oldest of them first."""
        await self.account(person_id)
        return await self._entries.of_person(person_id, limit=MOST_SHOWN)

    async def hold_for(self, booking: Booking) -> None:
        """Make this meeting and hold a credit of its guest for it, both or neither.

        Raises NotEnoughCredits or TimeTaken.
        """
        guest_id = booking.guest_ids[0]
        await self.account(guest_id)
        await self._entries.hold(rules.held(booking.id, guest_id, at=self._clock.now()), booking)
        kill_points.reached("credit.held")

    async def release(self, booking: Booking) -> None:
        """Give the credit of a meeting back that does not take place; once."""
        guest_id = booking.guest_ids[0]
        try:
            await self._entries.close_hold(rules.released(booking.id, guest_id, at=self._clock.now()))
        except AlreadySettled:
            return
        kill_points.reached("credit.released")

    async def transfer(self, booking: Booking, person_id: int, amount: int) -> Account:
        """The guest pays for a completed meeting: the held credit, and what `amount` has beyond it as a tip.

        Raises NotAllowed, WrongState before it is completed, AlreadySettled the second time, NotEnoughCredits.
        """
        if person_id not in booking.guest_ids:
            raise NotAllowed
        if booking.state is not State.HELD:
            raise WrongState
        await self._settle(booking.id, by=person_id, to=booking.host_id, amount=amount)
        return await self.account(person_id)

    async def heard(self, booking: Booking, news: News) -> None:
        """What happened to a meeting, for its credit; a subscriber to the news of bookings."""
        if booking.kind is not Kind.MEETING:
            return
        if news.what in WITHDRAWN:
            await self.release(booking)
        elif news.what == "held":
            await self._accounts.mark_completed(booking.guest_ids[0], booking.id, at=news.at)

    async def settle_due(self) -> int:
        """Send on the credits that nobody has transferred in time, and tell what is left untold. Says how many."""
        done = await self._tell_left_over()
        until = self._clock.now() - self._settle_after
        for account in await self._accounts.with_completed(until=until):
            for hold in account.holds:
                if hold.completed is None or hold.completed > until:
                    continue
                try:
                    await self._settle(
                        hold.booking_id, by=account.person_id, to=hold.host_id, amount=rules.MEETING_COSTS
                    )
                except Refusal as refusal:
                    log.warning("the credit of meeting %s was not settled: %s", hold.booking_id, refusal)
                    continue
                done += 1
        return done

    async def granted(self, entry: Entry) -> None:
        """Tell of an entry that was made elsewhere."""
        self._tell_soon(entry)

    async def _settle(self, booking_id: int, *, by: int, to: int, amount: int) -> None:
        await self.account(to)
        number = await self._numbers.next("credit_transactions", 2)
        entries = rules.settled(
            booking_id, by=by, to=to, amount=amount, numbers=(number, number + 1), at=self._clock.now()
        )
        await self._entries.close_hold(*entries)
        kill_points.reached("credit.settled")
        for entry in entries:
            self._tell_soon(entry)

    async def _open(self, person_id: int) -> None:
        number = await self._numbers.next("credit_transactions")
        entry = rules.initial(person_id, number=number, at=self._clock.now())
        if await self._entries.open(entry):
            self._tell_soon(entry)

    def _tell_soon(self, entry: Entry) -> None:
        self._background.soon(f"news of {entry.id}", lambda: self._tell(entry))

    async def _tell(self, entry: Entry) -> None:
        for subscriber in self._subscribers:
            await subscriber(entry)
        await self._entries.told(entry.id)

    async def _tell_left_over(self) -> int:
        left = await self._entries.untold(before=self._clock.now() - LEFT_OVER_AFTER)
        for entry in left:
            await self._tell(entry)
        return len(left)
