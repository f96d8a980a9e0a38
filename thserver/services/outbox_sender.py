"""Sending one row of the outbox: what may speak against it, looked at as late as possible, then the sending itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from store.database import Database
from thserver.domain.bookings import State
from thserver.domain.outbox import ALWAYS_SAID, OutboxKind, OutboxRow, OutboxState, Purpose
from thserver.domain.people import Person
from thserver.domain.ports import Carrier, Clock, Invite, Letter, Mail, Outcome, Sent
from thserver.sealing import Sealer
from thserver.wording import letters

log = logging.getLogger("thserver.outbox")

# Less than the lease: a claimant has given up before anybody else takes his row for abandoned.
SEND_DEADLINE_S = 20.0


class NotSaid(Exception):
    """Why something is not sent, found just before sending it."""

    def __init__(self, state: OutboxState, reason: str) -> None:
        self.state = state
        self.reason = reason
        super().__init__(reason)


class Sender:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        carrier: Carrier,
        mail: Mail,
        sealer: Sealer,
        web_domain: str,
    ) -> None:
        self._people = database.people
        self._bookings = database.bookings
        self._opt_outs = database.opt_outs
        self._clock = clock
        self._carrier = carrier
        self._mail = mail
        self._sealer = sealer
        self._web_domain = web_domain

    async def say(self, row: OutboxRow) -> Sent:
        """Raises NotSaid when there is a reason not to; anything else raised means that nothing was sent."""
        reader = await self._check(row)
        assert row.sealed is not None
        content = self._sealer.open(row.sealed)
        if row.kind is OutboxKind.TEXT:
            return await self.text(row, content["body"], deadline_s=SEND_DEADLINE_S)
        facts = {
            "first_name": reader.first_name if reader else "",
            "web_url": f"https://{self._web_domain}",
            **content["facts"],
        }
        rendered = (
            letters.render(content["template"], facts, zone=reader.zone)
            if reader
            else letters.render(content["template"], facts)
        )
        letter = Letter(
            to=row.to,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            message_id=f"<{row.ref}@{self._web_domain}>",
            invite=invite_from(content),
        )
        try:
            async with asyncio.timeout(SEND_DEADLINE_S):
                return await self._mail.send(letter)
        except TimeoutError:
            return Sent(Outcome.UNKNOWN, reason="timeout")

    async def _check(self, row: OutboxRow) -> Person | None:
        """The reader, when nothing speaks against sending: looked at as late as possible."""
        now = self._clock.now()
        if row.not_after is not None and now > row.not_after:
            raise NotSaid(OutboxState.MISSED, "too_late")
        reader = await self._people.get(row.person_id) if row.person_id is not None else None
        if row.purpose in ALWAYS_SAID:
            return reader
        if row.person_id is not None and (reader is None or not reader.is_active):
            raise NotSaid(OutboxState.SUPPRESSED, "not_active")
        if (
            row.kind is OutboxKind.LETTER
            and row.purpose is Purpose.NOTICE
            and reader
            and not reader.wants_mail
        ):
            raise NotSaid(OutboxState.SUPPRESSED, "unwanted")
        if row.booking_id is not None and row.booking_starts is not None:
            booking = await self._bookings.get(row.booking_id)
            if (
                booking is None
                or booking.state is not State.AGREED
                or booking.starts != row.booking_starts
                # Somebody else's booking by now: he has left, or was sent away.
                or row.person_id not in (None, *booking.people_ids)
            ):
                raise NotSaid(OutboxState.SUPPRESSED, "booking_changed")
        if row.kind is OutboxKind.TEXT and await self._opt_outs.has(row.to):
            raise NotSaid(OutboxState.SUPPRESSED, "opted_out")
        return reader

    async def text(
        self, row: OutboxRow, body: str, *, deadline_s: float, valid_for_s: int | None = None
    ) -> Sent:
        if row.lease_until is not None and self._clock.now() >= row.lease_until:
            # This process was held up for so long that another may have the row by now.
            return Sent(Outcome.UNKNOWN, reason="lease_ran_out")
        try:
            async with asyncio.timeout(deadline_s):
                return await self._carrier.send_text(
                    row.to, body, callback_path=f"/phone/texts/{row.ref}/status", valid_for_s=valid_for_s
                )
        except Exception as error:
            log.warning("the outcome of text %s is unknown: %s", row.ref, type(error).__name__)
            return Sent(Outcome.UNKNOWN, reason=type(error).__name__)


def invite_from(content: Mapping[str, Any]) -> Invite | None:
    """The invite in a row's content; rows from before there were any have none."""
    kept = content.get("invite")
    return Invite(kept["method"], kept["content"]) if kept else None
