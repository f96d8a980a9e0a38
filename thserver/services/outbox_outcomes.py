"""How what was sent ended: recorded after a try, asked for where unknown, reported by the carrier; with what follows."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from store.database import Database
from thserver.domain.errors import Refusal
from thserver.domain.outbox import MOST_TRIES, OPTED_OUT_CODE, OutboxKind, OutboxRow, OutboxState, pause_after
from thserver.domain.ports import Carrier, Clock, Outcome, Sent
from thserver.metrics import OUTBOX_OUTCOMES
from thserver.sealing import Sealer
from thserver.services.outbox_sender import invite_from

log = logging.getLogger("thserver.outbox")

ASK_AFTER = timedelta(minutes=1)
ASK_AGAIN_AFTER = timedelta(minutes=1)
# The carrier's list shows a text within this time, so one that is not on it by then was never sent.
SURELY_LISTED_AFTER = timedelta(minutes=5)
# The carrier's clock and ours may differ by so much.
CLOCK_SKEW = timedelta(minutes=2)


class Outcomes:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        carrier: Carrier,
        sealer: Sealer,
        add_letter: Callable[..., Awaitable[bool]],
    ) -> None:
        self._rows = database.outbox
        self._opt_outs = database.opt_outs
        self._clock = clock
        self._carrier = carrier
        self._sealer = sealer
        self._add_letter = add_letter

    async def settle(self, row: OutboxRow, sent: Sent) -> None:
        """Record the outcome of a try, with what follows from it."""
        now = self._clock.now()
        outcome = sent.outcome
        if outcome is Outcome.UNKNOWN and row.kind is OutboxKind.LETTER:
            outcome = Outcome.RETRY
        if outcome is Outcome.DONE:
            await self.finish(row, OutboxState.DONE, sent)
        elif outcome is Outcome.UNKNOWN:
            await self.finish(row, OutboxState.UNKNOWN, sent, due=now + ASK_AFTER)
        elif outcome is Outcome.RETRY and row.attempts < MOST_TRIES:
            await self.finish(row, OutboxState.WAITING, sent, due=now + pause_after(row.attempts))
        else:
            opted_out = sent.reason == OPTED_OUT_CODE and row.kind is OutboxKind.TEXT
            if opted_out:
                await self._opt_outs.set(row.to, out=True, source=OPTED_OUT_CODE, at=now)
            await self.say_instead(row)
            state = OutboxState.FAILED if outcome is Outcome.FAILED else OutboxState.DEAD
            await self.finish(row, OutboxState.SUPPRESSED if opted_out else state, sent)

    async def finish(
        self, row: OutboxRow, state: OutboxState, sent: Sent, *, due: datetime | None = None
    ) -> None:
        recorded = await self._rows.finish(
            row, state, now=self._clock.now(), due=due, provider_id=sent.provider_id, reason=sent.reason
        )
        if recorded:
            OUTBOX_OUTCOMES.labels(row.kind.value, row.purpose.value, state.value).inc()
        else:
            log.info("the outcome %s of %s %s came too late to be recorded", state, row.kind, row.ref)
        if state in (OutboxState.DEAD, OutboxState.FAILED):
            log.warning("%s %s (%s) ended %s: %s", row.kind, row.ref, row.purpose, state, sent.reason)

    async def ask(self, row: OutboxRow, now: datetime) -> None:
        """Look for a text of unknown outcome, claimed by the caller, in the carrier's own list."""
        if row.tried_at is None:
            return
        if row.sealed is None:
            # A code: its text was never kept, so it cannot be looked for. Whoever waits asks for another.
            if now >= row.tried_at + SURELY_LISTED_AFTER:
                await self.finish(row, OutboxState.FAILED, Sent(Outcome.FAILED, reason="not_confirmed"))
            return
        try:
            body = self._sealer.open(row.sealed)["body"]
            found = await self._carrier.find_text(row.to, body, since=row.tried_at - CLOCK_SKEW)
            if found is not None and await self._is_another(row, found.sid):
                found = None
        except Refusal as refusal:
            log.warning("what became of text %s cannot be found out now: %s", row.ref, refusal)
            return
        if found is not None:
            # Recorded as the carrier's report would be: further news of it still counts.
            await self.finish(row, OutboxState.DONE, Sent(Outcome.DONE, found.sid))
            await self.report(row.ref, sid=found.sid, status=found.status, error_code=found.error_code)
        elif now >= row.tried_at + SURELY_LISTED_AFTER:
            log.info("text %s was never sent and is sent again", row.ref)
            await self.settle(row, Sent(Outcome.RETRY, reason="not_listed"))
        else:
            await self.finish(row, OutboxState.UNKNOWN, Sent(Outcome.UNKNOWN), due=now + ASK_AGAIN_AFTER)

    async def report(self, ref: str, *, sid: str, status: str, error_code: str | None) -> bool:
        """Apply what the carrier reports of a text. False when there is no such text (yet)."""
        row = await self._rows.with_ref(ref) or await self._rows.with_provider_id(sid)
        if row is None or row.kind is not OutboxKind.TEXT:
            return False
        now = self._clock.now()
        if error_code == OPTED_OUT_CODE:
            await self._opt_outs.set(row.to, out=True, source=OPTED_OUT_CODE, at=now)
        await self._rows.report(row.key, sid=sid, status=status, error_code=error_code, now=now)
        # Looked at afresh, so that a report that is applied twice (a crash came between) still gets here.
        row = await self._rows.get(row.key)
        ended = row is not None and row.state in (OutboxState.FAILED, OutboxState.SUPPRESSED)
        if row is not None and ended and row.provider_id == sid:
            await self.say_instead(row)
        return True

    async def say_instead(self, row: OutboxRow) -> None:
        """Mail what could not be texted, under a key of its own, so that doing this twice is once."""
        if row.instead is None:
            return
        draft = self._sealer.open(row.instead)
        await self._add_letter(
            key=f"{row.key}:letter",
            to=draft["to"],
            person_id=row.person_id,
            template=draft["template"],
            facts=draft["facts"],
            invite=invite_from(draft),
            booking_id=row.booking_id,
            purpose=row.purpose.value,
            booking_starts=row.booking_starts,
            not_after=row.not_after,
        )

    async def _is_another(self, row: OutboxRow, sid: str) -> bool:
        """Whether this message is another row's, or of an earlier try: texts of the same words to one number."""
        if sid in (row.earlier_ids or ()):
            return True
        other = await self._rows.with_provider_id(sid)
        return other is not None and other.key != row.key
