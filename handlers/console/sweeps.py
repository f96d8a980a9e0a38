"""/console/sweeps: the timetable, what each job did when it ran last, and running one now."""

from __future__ import annotations

from urllib.parse import urlencode

from handlers.access import console
from handlers.console.base import ConsolePage
from handlers.fields import Body, Text
from thserver.domain.errors import NotFound, Refusal
from thserver.services.leases import Taken
from thserver.wording.reasons import in_words

NOTICES = {
    "ran": ("good", "{name} has run."),
    "runs": ("warn", "{name} is still running. Its outcome stands here when it is through."),
    "elsewhere": ("warn", "{name} is running in another process right now."),
    "error": ("bad", "{name} has failed; what it was stands below."),
    "not_found": ("bad", "There is no such job here."),
    "failed": ("bad", "{name} could not be started."),
}


class JobFailed(Exception):
    """The job that was run by hand has failed; why is in the record of its runs."""


class SweepsQuery(Body):
    said = Text(blank=True, longest=40, load_default="")
    name = Text(blank=True, longest=60, load_default="")


class RunForm(Body):
    name = Text(required=True, longest=60)


class SweepsPage(ConsolePage):
    here = "/console/sweeps"

    @console
    async def get(self) -> None:
        given = self.read_query(SweepsQuery())
        sweeps = await self.services.sweeps.view()
        known = {sweep.planned.name for sweep in sweeps}
        notice = NOTICES.get(given["said"])
        if notice is not None:
            notice = (
                notice[0],
                notice[1].format(name=given["name"] if given["name"] in known else "The job"),
            )
        self.show("sweeps.html", sweeps=sweeps, notice=notice, why=in_words)


class RunNow(ConsolePage):
    """POST /console/sweeps/run"""

    here = "/console/sweeps"

    @console
    async def post(self) -> None:
        name = self.read(RunForm())["name"]
        said = await self._run(name)
        self.redirect(f"/console/sweeps?{urlencode({'said': said, 'name': name})}", status=303)

    async def _run(self, name: str) -> str:
        try:
            async with self.services.staff_actions.recorded(
                actor=self.actor, action="run a job", subject=name
            ):
                ran = await self.services.sweeps.run_now(name)
                if ran is not None and ran.outcome != "done":
                    raise JobFailed
        except JobFailed:
            return "error"
        except Taken:
            return "elsewhere"
        except NotFound:
            return "not_found"
        except Refusal:
            return "failed"
        return "runs" if ran is None else "ran"
