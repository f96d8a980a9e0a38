"""Rows of the outbox as they are when they are added, their contents sealed; and what a row says of its own outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thserver.domain.outbox import LetterDraft, OutboxKind, OutboxRow, OutboxState, Purpose, ref_of
from thserver.domain.ports import Clock, Invite, Outcome, Sent
from thserver.sealing import Sealer


class RowMaker:
    def __init__(self, *, clock: Clock, sealer: Sealer) -> None:
        self._clock = clock
        self._sealer = sealer

    def row(
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
            "invite": invite_document(instead.invite),
        }
        return OutboxRow(
            key=key, ref=ref_of(key), kind=kind, state=OutboxState.WAITING, purpose=Purpose(purpose), to=to,
            person_id=person_id, booking_id=booking_id, booking_starts=booking_starts,
            sealed=self._sealer.seal(content), instead=self._sealer.seal(draft) if draft else None,
            not_after=not_after, due=now, created=now, updated=now,
        )  # fmt: skip


def invite_document(invite: Invite | None) -> dict[str, str] | None:
    return {"method": invite.method, "content": invite.content} if invite is not None else None


def recorded(row: OutboxRow | None) -> Sent:
    if row is None or row.state in (OutboxState.SENDING, OutboxState.UNKNOWN):
        return Sent(Outcome.UNKNOWN, reason="already_sending")
    outcome = Outcome.DONE if row.state is OutboxState.DONE else Outcome.FAILED
    return Sent(outcome, row.provider_id, row.reason)
