"""Everything said to the outside: first a row under a deterministic key, then sent, then its outcome recorded.

`add_text` and `add_letter` return at once; delivery follows in the background, and the sweep `deliver_due` finds
whatever is left. Two processes never send one row: a claim is one conditional update with a fencing token. A text
that may have gone out is never repeated blindly; a letter is repeated under the same Message-ID.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from store.database import Database
from thserver import kill_points
from thserver.domain.errors import Refusal, Unavailable
from thserver.domain.outbox import (
    MOST_TRIES,
    OPTED_OUT_CODE,
    LetterDraft,
    OutboxKind,
    OutboxRow,
    OutboxState,
    Purpose,
    pause_after,
    ref_of,
)
from thserver.domain.ports import Carrier, Clock, Invite, Mail, Outcome, Sent
from thserver.metrics import OUTBOX_OUTCOMES, OUTBOX_ROWS
from thserver.sealing import Sealer
from thserver.services.background import Background
from thserver.services.outbox_sender import NotSaid, Sender, invite_from
from thserver.wording import letters

log = logging.getLogger("thserver.outbox")

AT_ONCE = 8
BATCH = 200
ROUNDS = 20
LEASE = timedelta(seconds=60)
# A code is sent while its reader waits for an answer that is due within four seconds.
CODE_DEADLINE_S = 3.0
ASK_AFTER = timedelta(minutes=1)
ASK_AGAIN_AFTER = timedelta(minutes=1)
# The carrier's list shows a text within this time, so one that is not on it by then was never sent.
SURELY_LISTED_AFTER = timedelta(minutes=5)
# The carrier's clock and ours may differ by so much.
CLOCK_SKEW = timedelta(minutes=2)

kill_points.POINTS |= {
    "outbox.added": "the row is written; nobody has claimed it",
    "outbox.claimed": "the row is claimed; nothing has been sent",
    "outbox.sent": "the carrier or mail server has answered; the outcome is not recorded",
    "outbox.recorded": "the outcome is recorded",
}


class Outbox:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        background: Background,
        carrier: Carrier,
        mail: Mail,
        sealer: Sealer,
        web_domain: str,
    ) -> None:
        self._rows = database.outbox
        self._opt_outs = database.opt_outs
        self._clock = clock
        self._background = background
        self._carrier = carrier
        self._sealer = sealer
        self._sender = Sender(
            database=database, clock=clock, carrier=carrier, mail=mail, sealer=sealer, web_domain=web_domain
        )
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def add_text(
        self,
        *,
        key: str,
        to: str,
        person_id: int | None,
        body: str,
        purpose: str,
        booking_id: int | None = None,
        booking_starts: datetime | None = None,
        instead: LetterDraft | None = None,
        not_after: datetime | None = None,
    ) -> bool:
        """Say this by SMS. `purpose` is reminder, receipt or notice; with `booking_starts` it is sent only while
        the booking is still agreed for that time; after `not_after` it is not sent at all; `instead` is mailed
        where the text cannot go. False when the key exists."""
        return await self._add(
            self._row(
                key, OutboxKind.TEXT, to, purpose, {"body": body}, person_id=person_id, booking_id=booking_id,
                booking_starts=booking_starts, instead=instead, not_after=not_after,
            )
        )  # fmt: skip

    async def add_letter(
        self,
        *,
        key: str,
        to: str,
        person_id: int | None,
        template: str,
        facts: Mapping[str, Any],
        invite: Invite | None = None,
        booking_id: int | None = None,
        purpose: str = "notice",
        booking_starts: datetime | None = None,
        not_after: datetime | None = None,
    ) -> bool:
        """Say this by e-mail. `purpose` "account" (confirm address, reset password) reaches everybody; notices
        only active people who want mail. Aware datetimes among the facts are shown in the reader's zone; the
        invite goes with it as it is now, whenever and however often it is sent. False when the key exists;
        LookupError when there is no such template."""
        if not letters.exists(template):
            raise LookupError(f"there is no letter template {template}")
        content = {"template": template, "facts": dict(facts), "invite": _invite_document(invite)}
        return await self._add(
            self._row(
                key, OutboxKind.LETTER, to, purpose, content, person_id=person_id, booking_id=booking_id,
                booking_starts=booking_starts, not_after=not_after,
            )
        )  # fmt: skip

    async def send_code(
        self, *, key: str, to: str, body: str, valid_for_s: int, person_id: int | None = None
    ) -> Sent:
        """Text a code now and say how it went. The body is never stored, so nothing repeats it. A key that
        exists is not sent again: its own outcome is the answer."""
        now = self._clock.now()
        row = OutboxRow(
            key=key, ref=ref_of(key), kind=OutboxKind.TEXT, state=OutboxState.SENDING, purpose=Purpose.CODE,
            to=to, person_id=person_id, attempts=1, fence=1, due=now, tried_at=now, lease_until=now + LEASE,
            created=now, updated=now,
        )  # fmt: skip
        if not await self._rows.add(row):
            return _recorded(await self._rows.get(key))
        kill_points.reached("outbox.claimed")
        sent = await self._sender.text(row, body, deadline_s=CODE_DEADLINE_S, valid_for_s=valid_for_s)
        kill_points.reached("outbox.sent")
        state = {Outcome.DONE: OutboxState.DONE, Outcome.UNKNOWN: OutboxState.UNKNOWN}.get(
            sent.outcome, OutboxState.FAILED
        )
        try:
            await self._finish(row, state, sent, due=self._clock.now() + ASK_AFTER)
        except Unavailable:
            log.warning("the outcome of a code was not recorded: the database is away")
        return sent

    async def deliver_due(self) -> int:
        """Send what is due, free what a process that died was sending, ask about what is unknown. How many."""
        now = self._clock.now()
        await self._rows.end_leases(now, ask_from=now)
        done = 0
        for _ in range(ROUNDS):
            due = await self._rows.due(now, limit=BATCH)
            await self._each(self.deliver, due)
            done += len(due)
            if len(due) < BATCH:
                break
        unknown = await self._rows.unknown(now, limit=BATCH)
        await self._each(self.ask, unknown)
        for state in (OutboxState.DEAD, OutboxState.UNKNOWN, OutboxState.WAITING):
            OUTBOX_ROWS.labels(state.value).set(await self._rows.count(state))
        return done + len(unknown)

    async def deliver(self, key: str) -> None:
        """Send this row if it is due and nobody else has it."""
        async with self._slots:
            now = self._clock.now()
            row = await self._rows.claim(key, state=OutboxState.WAITING, now=now, lease_until=now + LEASE)
            if row is None:
                return
            kill_points.reached("outbox.claimed")
            try:
                sent = await self._sender.say(row)
            except NotSaid as not_said:
                if not_said.reason == "opted_out":
                    await self._say_instead(row)
                await self._finish(row, not_said.state, Sent(Outcome.FAILED, reason=not_said.reason))
                return
            except Unavailable:
                sent = Sent(Outcome.RETRY, reason="unavailable")
            except Exception as error:
                log.exception("%s %s could not be made", row.kind, row.ref)
                sent = Sent(Outcome.RETRY, reason=type(error).__name__)
            kill_points.reached("outbox.sent")
            await self._settle(row, sent)
            kill_points.reached("outbox.recorded")

    async def ask(self, key: str) -> None:
        """Find out from the carrier's own list what became of a text whose outcome is unknown."""
        async with self._slots:
            now = self._clock.now()
            row = await self._rows.claim(key, state=OutboxState.UNKNOWN, now=now, lease_until=now + LEASE)
            if row is None or row.tried_at is None:
                return
            if row.sealed is None:
                # A code: its text was never kept, so it cannot be looked for. Whoever waits asks for another.
                if now >= row.tried_at + SURELY_LISTED_AFTER:
                    await self._finish(row, OutboxState.FAILED, Sent(Outcome.FAILED, reason="not_confirmed"))
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
                await self._finish(row, OutboxState.DONE, Sent(Outcome.DONE, found.sid))
                await self.report(row.ref, sid=found.sid, status=found.status, error_code=found.error_code)
            elif now >= row.tried_at + SURELY_LISTED_AFTER:
                log.info("text %s was never sent and is sent again", row.ref)
                await self._settle(row, Sent(Outcome.RETRY, reason="not_listed"))
            else:
                await self._finish(row, OutboxState.UNKNOWN, Sent(Outcome.UNKNOWN), due=now + ASK_AGAIN_AFTER)

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
            await self._say_instead(row)
        return True

    async def again(self, key: str) -> bool:
        """Send something that was given up or refused once more, by hand. False when it is neither."""
        revived = await self._rows.revive(key, self._clock.now())
        if revived:
            self._deliver_soon(key)
        return revived

    async def recent(self, state: OutboxState | None = None, *, limit: int = 50) -> list[OutboxRow]:
        """What changed last, without the contents: for those who run the service."""
        return await self._rows.recent(state, limit=limit)

    async def known(self, keys: Iterable[str]) -> dict[str, datetime | None]:
        """Those of these keys that were added before, with the start of the booking that they were about."""
        return await self._rows.known(list(keys))

    async def states(self, keys: Iterable[str]) -> dict[str, OutboxState]:
        """What has become of these, by key; keys that were never added are left out."""
        return await self._rows.states(list(keys))

    def _row(
        self,
        key: str,
        kind: OutboxKind,
        to: str,
        purpose: str,
        content: Mapping[str, Any],
        *,
        person_id: int | None,
        booking_id: int | None,
        booking_starts: datetime | None,
        not_after: datetime | None,
        instead: LetterDraft | None = None,
    ) -> OutboxRow:
        now = self._clock.now()
        draft = instead and {
            "to": instead.to,
            "template": instead.template,
            "facts": dict(instead.facts),
            "invite": _invite_document(instead.invite),
        }
        return OutboxRow(
            key=key, ref=ref_of(key), kind=kind, state=OutboxState.WAITING, purpose=Purpose(purpose), to=to,
            person_id=person_id, booking_id=booking_id, booking_starts=booking_starts,
            sealed=self._sealer.seal(content), instead=self._sealer.seal(draft) if draft else None,
            not_after=not_after, due=now, created=now, updated=now,
        )  # fmt: skip

    async def _add(self, row: OutboxRow) -> bool:
        if not await self._rows.add(row):
            return False
        kill_points.reached("outbox.added")
        self._deliver_soon(row.key)
        return True

    def _deliver_soon(self, key: str) -> None:
        self._background.soon(f"outbox {key}", lambda: self.deliver(key))

    async def _each(self, work: Any, keys: list[str]) -> None:
        for result in await asyncio.gather(*(work(key) for key in keys), return_exceptions=True):
            if isinstance(result, Refusal):
                log.warning("a row of the outbox did not get through: %s", result)
            elif isinstance(result, Exception):
                log.error("a row of the outbox failed", exc_info=result)

    async def _settle(self, row: OutboxRow, sent: Sent) -> None:
        """Record the outcome of a try, with what follows from it."""
        now = self._clock.now()
        outcome = sent.outcome
        if outcome is Outcome.UNKNOWN and row.kind is OutboxKind.LETTER:
            outcome = Outcome.RETRY
        if outcome is Outcome.DONE:
            await self._finish(row, OutboxState.DONE, sent)
        elif outcome is Outcome.UNKNOWN:
            await self._finish(row, OutboxState.UNKNOWN, sent, due=now + ASK_AFTER)
        elif outcome is Outcome.RETRY and row.attempts < MOST_TRIES:
            await self._finish(row, OutboxState.WAITING, sent, due=now + pause_after(row.attempts))
        else:
            opted_out = sent.reason == OPTED_OUT_CODE and row.kind is OutboxKind.TEXT
            if opted_out:
                await self._opt_outs.set(row.to, out=True, source=OPTED_OUT_CODE, at=now)
            await self._say_instead(row)
            state = OutboxState.FAILED if outcome is Outcome.FAILED else OutboxState.DEAD
            await self._finish(row, OutboxState.SUPPRESSED if opted_out else state, sent)

    async def _finish(
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

    async def _say_instead(self, row: OutboxRow) -> None:
        """Mail what could not be texted, under a key of its own, so that doing this twice is once."""
        if row.instead is None:
            return
        draft = self._sealer.open(row.instead)
        await self.add_letter(
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


def _invite_document(invite: Invite | None) -> dict[str, str] | None:
    return {"method": invite.method, "content": invite.content} if invite is not None else None


def _recorded(row: OutboxRow | None) -> Sent:
    if row is None or row.state in (OutboxState.SENDING, OutboxState.UNKNOWN):
        return Sent(Outcome.UNKNOWN, reason="already_sending")
    outcome = Outcome.DONE if row.state is OutboxState.DONE else Outcome.FAILED
    return Sent(outcome, row.provider_id, row.reason)
