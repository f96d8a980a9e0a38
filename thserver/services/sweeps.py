"""The sweeps as staff see them: when each ran last and what it did, when it runs next, who is at it; and one by hand.

The way in that runs them (the scheduler) tells this service its timetable and how to run one; a process without it
shows what other processes have recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.database import Database
from store.sweep_runs import SweepRun
from thserver.domain.errors import NotFound, Refusal, WrongState
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.leases import Leases, Taken

log = logging.getLogger("thserver.sweeps")

# A run with nothing to do and nothing new to tell is written down only so often: there are many of them.
WRITTEN_EVERY = timedelta(seconds=15)
# Whoever pressed the button is answered after so long, whether the job is through or not.
PATIENCE_S = 2.5

Run = Callable[[str], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A line of the timetable."""

    name: str
    every: timedelta
    does: str


@dataclass(frozen=True, slots=True)
class SweepView:
    """A line of the timetable with what is known of its runs; `holder` is the process that is at it now. It is late
    when no process has run it for much longer than it should have taken."""

    planned: Planned
    last: SweepRun | None
    next: datetime | None
    holder: str | None
    is_late: bool


class Sweeps:
    def __init__(self, *, database: Database, clock: Clock, background: Background, leases: Leases) -> None:
        self._runs = database.sweep_runs
        self._clock = clock
        self._background = background
        self._leases = leases
        self._plan: tuple[Planned, ...] = ()
        self._run: Run | None = None
        self._written: dict[str, SweepRun] = {}

    def plug(self, plan: Iterable[Planned], run: Run) -> None:
        """This is the timetable, and how a job of it is run."""
        self._plan = tuple(plan)
        self._run = run

    async def view(self) -> list[SweepView]:
        now = self._clock.now()
        last, holders = await self._runs.all(), await self._leases.holders()
        found = []
        for planned in self._plan:
            run, following, is_late = last.get(planned.name), None, False
            if run is not None:
                # Not every run is written down, so the next one is some intervals after the one that was.
                passed = max(now - run.began, timedelta())
                following = run.began + max(-(-passed // planned.every), 1) * planned.every
                is_late = passed > 2 * planned.every + 2 * WRITTEN_EVERY
            holder = holders.get(f"job {planned.name}")
            found.append(SweepView(planned, run, following, holder, is_late))
        return found

    async def ran(
        self, name: str, *, began: datetime, seconds: float, done: int | None, error: str | None
    ) -> None:
        """A run has ended. Never raises: a record that is not written must not look like a job that failed."""
        run = SweepRun(
            name=name,
            began=began,
            seconds=round(seconds, 3),
            outcome="failed" if error else "done",
            done=done,
            by=self._leases.holder,
        )
        before = self._written.get(name)
        is_news = before is None or done or error or before.outcome != run.outcome
        if not is_news and before is not None and began - before.began < WRITTEN_EVERY:
            return
        self._written[name] = run
        try:
            await self._runs.keep(run, error=error)
        except Refusal as refusal:
            log.warning("the run of %s was not written down: %s", name, refusal)

    async def run_now(self, name: str) -> SweepRun | None:
        """Run this job now. Its run, or None when it is not through yet and goes on in the background.

        Raises NotFound, WrongState where no timetable is run, or Taken while another process is at it.
        """
        if name not in {planned.name for planned in self._plan}:
            raise NotFound
        if self._run is None:
            raise WrongState
        run, began = self._run, self._clock.now()
        try:
            await self._background.through(f"job {name} by hand", lambda: run(name), patience_s=PATIENCE_S)
        except TimeoutError:
            return None
        except Taken:
            raise
        except Exception:
            # What went wrong is in the record of its runs.
            log.exception("job %s failed, run by hand", name)
        found = (await self._runs.all()).get(name)
        return found if found is not None and found.began >= began else None
