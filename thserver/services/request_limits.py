"""How often one person may ask within any minute: counted in the process, exact to the request."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from thserver.domain.errors import Throttled
from thserver.domain.ports import Clock

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit, and when there is more again."""

    limit: int
    remaining: int
    reset: datetime


class TooMany(Throttled):
    """The limit of requests is used up."""

    code = "too_many"

    def __init__(self, allowance: Allowance, retry_after: int) -> None:
        self.allowance = allowance
        super().__init__(retry_after)


class RequestLimits:
    def __init__(self, *, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._asked: dict[str, deque[datetime]] = {}
        self._swept = clock.now()

    def look(self, who: str) -> Allowance:
        """What is left, without counting."""
        now = self._clock.now()
        return self._allowance(self._recent(who, now), now)

    def count(self, who: str) -> Allowance:
        """Count one request. Raises TooMany beyond the limit; what is refused does not count."""
        now = self._clock.now()
        self._sweep(now)
        recent = self._recent(who, now)
        if len(recent) >= self._limit:
            allowance = self._allowance(recent, now)
            raise TooMany(allowance, retry_after=max(1, -(-(allowance.reset - now) // timedelta(seconds=1))))
        recent.append(now)
        self._asked[who] = recent
        return self._allowance(recent, now)

    def _recent(self, who: str, now: datetime) -> deque[datetime]:
        recent = self._asked.get(who) or deque()
        while recent and recent[0] <= now - WINDOW:
            recent.popleft()
        return recent

    def _allowance(self, recent: deque[datetime], now: datetime) -> Allowance:
        reset = recent[0] + WINDOW if recent else now + WINDOW
        return Allowance(self._limit, self._limit - len(recent), reset)

    def _sweep(self, now: datetime) -> None:
        """Forget those who have been quiet for a minute, once a minute."""
        if now - self._swept < WINDOW:
            return
        self._swept = now
        self._asked = {
            who: recent for who, recent in self._asked.items() if recent and recent[-1] > now - WINDOW
        }
