"""Runs the timetable inside the process, each job in one process at a time.

APScheduler keeps nothing: a job's work is found in the database each time, so a run that came late or never loses
nothing. The jobs themselves run as background work, which the process waits for when it ends.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.tornado import TornadoScheduler

from scheduler.timetable import TIMETABLE, Job, what_it_does
from thserver.domain.errors import Refusal
from thserver.metrics import JOB_RUNS, JOB_SECONDS
from thserver.services.all import Services
from thserver.services.leases import Taken
from thserver.services.sweeps import Planned

log = logging.getLogger("thserver.scheduler")

# So that the jobs of several processes started at once do not all come in the same second.
STAGGER = timedelta(milliseconds=200)


class Runner:
    def __init__(self, services: Services, timetable: dict[str, tuple[Job, float]] | None = None) -> None:
        self._services = services
        self._timetable = TIMETABLE if timetable is None else timetable
        self._scheduler: TornadoScheduler | None = None
        self._running: set[str] = set()
        plan = [
            Planned(name, timedelta(seconds=seconds), what_it_does(job))
            for name, (job, seconds) in self._timetable.items()
        ]
        services.sweeps.plug(plan, self.run)

    def start(self) -> None:
        """Run every job now and then at its interval, until stopped."""
        scheduler = TornadoScheduler(timezone=UTC)
        for place, (name, (_, seconds)) in enumerate(self._timetable.items(), start=1):
            scheduler.add_job(
                self._due,
                "interval",
                args=[name],
                id=name,
                seconds=seconds,
                next_run_time=datetime.now(UTC) + place * STAGGER,
                coalesce=True,
                max_instances=1,
                # However late: what is due does not become less due.
                misfire_grace_time=None,
            )
        scheduler.start()
        self._scheduler = scheduler

    def stop(self) -> None:
        """Start no job any more. Those that run are the background's to wait for."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    async def run(self, name: str) -> int | None:
        """Run one job now and say how much it did. Raises KeyError for an unknown one, Taken while another
        process runs it, and whatever the job raises."""
        job, _ = self._timetable[name]
        began, at = time.monotonic(), self._services.clock.now()
        outcome, error, done = "failed", None, None
        try:
            done = await self._services.leases.holding(f"job {name}", lambda: job(self._services))
            outcome = "done"
        except Taken:
            outcome = "elsewhere"
            raise
        except Exception as problem:
            error = problem.code if isinstance(problem, Refusal) else type(problem).__name__
            raise
        finally:
            seconds = time.monotonic() - began
            JOB_RUNS.labels(name, outcome).inc()
            JOB_SECONDS.labels(name).inc(seconds)
            if outcome == "done" or error is not None:
                await self._services.sweeps.ran(name, began=at, seconds=seconds, done=done, error=error)
        return done

    async def _due(self, name: str) -> None:
        if name not in self._running:
            self._running.add(name)
            self._services.background.soon(f"job {name}", lambda: self._run_unless_elsewhere(name))

    async def _run_unless_elsewhere(self, name: str) -> None:
        """A job that fails is logged by the background; it is tried again at its next time, and the others go on."""
        try:
            await self.run(name)
        except Taken:
            log.debug("job %s runs elsewhere", name)
        finally:
            self._running.discard(name)
