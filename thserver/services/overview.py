"""The numbers of the day: calls, minutes, money and texts by the hour and by the day, for the console's charts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo

from store.database import Database
from thserver.domain import ledger
from thserver.domain.outbox import OutboxState
from thserver.domain.ports import Clock

HOURS = 24
DAYS = 14
HOUR = timedelta(hours=1)
# Several who look at once, or one who looks again, need not have everything added up again.
GOOD_FOR = timedelta(seconds=15)
NOT_SENT = frozenset({OutboxState.FAILED, OutboxState.DEAD})
SENT = frozenset({OutboxState.DONE})


@dataclass(slots=True, kw_only=True)
class Numbers:
    """What happened from `start` on, for an hour, a day, or all of it. Money is in cents."""

    start: datetime
    calls: int = 0
    seconds: int = 0
    taken_in_cents: int = 0
    given_back_in_cents: int = 0
    texts_sent: int = 0
    texts_failed: int = 0
    letters_sent: int = 0
    letters_failed: int = 0

    @property
    def minutes(self) -> int:
        return round(self.seconds / 60)

    @property
    def net_in_cents(self) -> int:
        return self.taken_in_cents - self.given_back_in_cents

    def add(self, other: Numbers) -> None:
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COUNTED = tuple(field.name for field in fields(Numbers) if field.name != "start")


@dataclass(frozen=True, slots=True)
class Overview:
    """The last 24 hours, the last 14 days, and today, in the zone in which they were asked for; the oldest first."""

    hours: tuple[Numbers, ...]
    days: tuple[Numbers, ...]

    @property
    def today(self) -> Numbers:
        return self.days[-1]


class Overviews:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._conferences = database.conferences
        self._outbox = database.outbox
        self._ledger = database.ledger
        self._clock = clock
        self._known: tuple[datetime, dict[datetime, Numbers]] | None = None
        self._adding_up = asyncio.Lock()

    async def numbers(self, zone: tzinfo = UTC) -> Overview:
        now = self._clock.now()
        by_hour = await self._by_hour(now)
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        hours = [Numbers(start=this_hour - each * HOUR) for each in reversed(range(HOURS))]
        of_hour = {each.start: each for each in hours}
        today = now.astimezone(zone).date()
        days = [
            Numbers(
                start=datetime.combine(today - timedelta(days=each), datetime.min.time(), tzinfo=zone)
            )
            for each in reversed(range(DAYS))
        ]  # fmt: skip
        of_day = {each.start.date(): each for each in days}
        for start, numbers in by_hour.items():
            if (hour := of_hour.get(start)) is not None:
                hour.add(numbers)
            if (day := of_day.get(start.astimezone(zone).date())) is not None:
                day.add(numbers)
        return Overview(tuple(hours), tuple(days))

    async def _by_hour(self, now: datetime) -> dict[datetime, Numbers]:
        async with self._adding_up:
            if self._known is not None and now - GOOD_FOR < self._known[0] <= now:
                return self._known[1]
            found = await self._added_up(now - timedelta(days=DAYS + 1))
            self._known = now, found
            return found

    async def _added_up(self, since: datetime) -> dict[datetime, Numbers]:
        calls, said, money = await asyncio.gather(
            self._conferences.by_hour(since),
            self._outbox.by_hour(since),
            self._ledger.by_hour(ledger.CARD, since),
        )
        found: dict[datetime, Numbers] = {}

        def at(hour: datetime) -> Numbers:
            return found.setdefault(hour, Numbers(start=hour))

        for hour, count, seconds in calls:
            at(hour).calls += count
            at(hour).seconds += seconds
        for hour, kind, state, count in said:
            if state in SENT | NOT_SENT:
                name = f"{kind.value}s_{'sent' if state in SENT else 'failed'}"
                setattr(at(hour), name, getattr(at(hour), name) + count)
        for hour, what, cents in money:
            # What the card company took flows out of its account here, what was given back into it.
            if what == "paid":
                at(hour).taken_in_cents -= cents
            elif what in ("refunded", "refund_failed"):
                at(hour).given_back_in_cents += cents
        return found
