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
from thserver.domain.outbox import LetterDraft, OutboxKind, OutboxRow, OutboxState, Purpose, ref_of
from thserver.domain.ports import Carrier, Clock, Invite, Mail, Outcome, Sent
from thserver.metrics import OUTBOX_ROWS
from thserver.sealing import Sealer
from thserver.services.background import Background
from thserver.services.outbox_outcomes import ASK_AFTER, Outcomes
from thserver.services.outbox_rows import RowMaker, invite_document, recorded
from thserver.services.outbox_sender import NotSaid, Sender
from thserver.wording import letters

log = logging.getLogger("thserver.outbox")

AT_ONCE = 8
BATCH = 200
ROUNDS = 20
LEASE = timedelta(seconds=60)
# A code is sent while its reader waits for an answer that is due within four seconds.
CODE_DEADLINE_S = 3.0
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
        self._clock = clock
        self._background = background
        self._sealer = sealer
        self._make = RowMaker(clock=clock, sealer=sealer)
        self._sender = Sender(
            database=database, clock=clock, carrier=carrier, mail=mail, sealer=sealer, web_domain=web_domain
        )
        self._outcomes = Outcomes(
            database=database, clock=clock, carrier=carrier, sealer=sealer, add_letter=self.add_letter
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
            self._make.row(
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
        content = {"template": template, "facts": dict(facts), "invite": invite_document(invite)}
        return await self._add(
            self._make.row(
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
            return recorded(await self._rows.get(key))
        kill_points.reached("outbox.claimed")
        sent = await self._sender.text(row, body, deadline_s=CODE_DEADLINE_S, valid_for_s=valid_for_s)
        kill_points.reached("outbox.sent")
        state = {Outcome.DONE: OutboxState.DONE, Outcome.UNKNOWN: OutboxState.UNKNOWN}.get(
            sent.outcome, OutboxState.FAILED
        )
        try:
            await self._outcomes.finish(row, state, sent, due=self._clock.now() + ASK_AFTER)
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
                    await self._outcomes.say_instead(row)
                await self._outcomes.finish(row, not_said.state, Sent(Outcome.FAILED, reason=not_said.reason))
                return
            except Unavailable:
                sent = Sent(Outcome.RETRY, reason="unavailable")
            except Exception as error:
                log.exception("%s %s could not be made", row.kind, row.ref)
                sent = Sent(Outcome.RETRY, reason=type(error).__name__)
            kill_points.reached("outbox.sent")
            await self._outcomes.settle(row, sent)
            kill_points.reached("outbox.recorded")

    async def ask(self, key: str) -> None:
        """Find out from the carrier's own list what became of a text whose outcome is unknown."""
        async with self._slots:
            now = self._clock.now()
            row = await self._rows.claim(key, state=OutboxState.UNKNOWN, now=now, lease_until=now + LEASE)
            if row is not None:
                await self._outcomes.ask(row, now)

    async def report(self, ref: str, *, sid: str, status: str, error_code: str | None) -> bool:
        """Apply what the carrier reports of a text. False when there is no such text (yet)."""
        return await self._outcomes.report(ref, sid=sid, status=status, error_code=error_code)

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
