"""Forgetting what nobody needs any more: rings, the phone company's reports, and what was said long ago."""

from __future__ import annotations

from datetime import timedelta

from store.database import Database
from thserver.domain.ports import Clock

AT_ONCE = 500
# A run is short, so that it does not get in anybody's way; the next one goes on.
MOST_IN_A_RUN = 5000


class Retention:
    def __init__(self, *, database: Database, clock: Clock, keep_days: int) -> None:
        """`keep_days` 0 keeps everything."""
        self._rows = database.old_rows
        self._clock = clock
        self._keep_days = keep_days

    async def forget_old(self) -> int:
        """Take away what is older than that, the oldest first; says how much."""
        if not self._keep_days:
            return 0
        before = self._clock.now() - timedelta(days=self._keep_days)
        forgotten = 0
        for name in self._rows.names():
            of_this = 0
            while of_this < MOST_IN_A_RUN:
                gone = await self._rows.forget(name, before=before, limit=AT_ONCE)
                of_this += gone
                if gone < AT_ONCE:
                    break
            forgotten += of_this
        return forgotten
