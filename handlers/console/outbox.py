"""/console/outbox: what waits to be said, what did not get through and why, and sending it again by hand."""

from __future__ import annotations

from urllib.parse import urlencode

from handlers.access import console
from handlers.console.base import ConsolePage
from handlers.console.story_words import PURPOSES, SAID
from handlers.fields import Body, Choice, Text
from thserver.domain.errors import NotFound, Refusal, WrongState
from thserver.domain.outbox import OutboxKind, OutboxRow, OutboxState
from thserver.services.outbox_desk import TROUBLED, Resent
from thserver.wording.reasons import in_words

# What is shown when nothing is chosen: whatever is not through.
OPEN = (OutboxState.WAITING, OutboxState.SENDING, *TROUBLED)
SHOWN = 100
PATIENCE_S = 2.5
COUNTED = (
    OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNKNOWN, OutboxState.FAILED, OutboxState.DEAD,
)  # fmt: skip
NAMES = {
    OutboxState.WAITING: "waiting",
    OutboxState.SENDING: "being sent",
    OutboxState.DONE: "sent",
    OutboxState.FAILED: "refused",
    OutboxState.UNKNOWN: "in doubt",
    OutboxState.SUPPRESSED: "held back on purpose",
    OutboxState.MISSED: "too late",
    OutboxState.DEAD: "given up",
}
NOTICES = {
    Resent.ON_ITS_WAY.value: ("good", "It is being sent again."),
    Resent.WENT_OUT.value: ("good", "Nothing was sent: the phone company had the text all along."),
    Resent.IN_DOUBT.value: (
        "warn",
        "The phone company cannot say yet whether it went out, so it is not sent twice. It is asked again every minute.",
    ),
    "not_now": ("bad", "This can not be sent again: it waits already, went out, or its text was never kept."),
    "not_found": ("bad", "There is no such row any more."),
    "failed": ("bad", "It could not be sent again now. Try it in a minute."),
}


class OutboxQuery(Body):
    state = Choice(("", *OutboxState), blank=True, load_default="")
    kind = Choice(("", *OutboxKind), blank=True, load_default="")
    said = Text(blank=True, longest=40, load_default="")


class AgainForm(Body):
    ref = Text(required=True, longest=64)
    state = Choice(("", *OutboxState), blank=True, load_default="")
    kind = Choice(("", *OutboxKind), blank=True, load_default="")


class OutboxPage(ConsolePage):
    here = "/console/outbox"

    @console
    async def get(self) -> None:
        given = self.read_query(OutboxQuery())
        states = (OutboxState(given["state"]),) if given["state"] else OPEN
        kind = OutboxKind(given["kind"]) if given["kind"] else None
        desk = self.services.outbox_desk
        rows = await desk.troubled(states=states, kind=kind, limit=SHOWN)
        people = await desk.readers(rows)
        self.show(
            "outbox.html",
            rows=rows,
            people=people,
            counts=await desk.counts(COUNTED),
            names=NAMES,
            states=SAID,
            purposes=PURPOSES,
            why=in_words,
            may_go_again=may_go_again,
            given=given,
            most=SHOWN,
            notice=NOTICES.get(given["said"]),
        )


class SendAgain(ConsolePage):
    """POST /console/outbox/again"""

    here = "/console/outbox"

    @console
    async def post(self) -> None:
        form = self.read(AgainForm())
        kept = {name: form[name] for name in ("state", "kind") if form[name]}
        said = await self._again(form["ref"])
        self.redirect(f"/console/outbox?{urlencode({**kept, 'said': said})}", status=303)

    async def _again(self, ref: str) -> str:
        desk = self.services.outbox_desk
        try:
            row = await desk.with_ref(ref)
            details = {"purpose": row.purpose.value, "state": row.state.value}

            async def again() -> Resent:
                async with self.services.staff_actions.recorded(
                    actor=self.actor, action="send again", subject=f"{row.kind} {row.ref}", details=details
                ):
                    return await desk.again(row.key)

            return (
                await self.services.background.through(f"send {row.ref} again", again, patience_s=PATIENCE_S)
            ).value
        except TimeoutError:
            return Resent.IN_DOUBT.value
        except NotFound:
            return "not_found"
        except WrongState:
            return "not_now"
        except Refusal:
            return "failed"


def may_go_again(row: OutboxRow) -> bool:
    return row.state in TROUBLED and row.purpose.value != "code"
