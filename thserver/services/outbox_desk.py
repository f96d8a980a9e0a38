"""What staff do about things that were not said: look at them, have them sent again, ask what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from store.database import Database
from thserver.domain.errors import NotFound, WrongState
from thserver.domain.outbox import OutboxKind, OutboxRow, OutboxState
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.outbox import Outbox

TROUBLED = (OutboxState.DEAD, OutboxState.FAILED, OutboxState.UNKNOWN)


class Resent(StrEnum):
    """What came of asking for something to be sent again."""

    ON_ITS_WAY = "on_its_way"  # it is sent in the background: its state tells how that went
    WENT_OUT = "went_out"  # nothing was sent: the carrier had the text all along
    IN_DOUBT = "in_doubt"  # the carrier cannot tell yet; what may have gone out is not sent twice


class OutboxDesk:
    def __init__(self, *, database: Database, clock: Clock, outbox: Outbox) -> None:
        self._rows = database.outbox
        self._people = database.people
        self._clock = clock
        self._outbox = outbox

    async def troubled(
        self,
        *,
        states: Iterable[OutboxState] = TROUBLED,
        kind: OutboxKind | None = None,
        limit: int = 200,
    ) -> list[OutboxRow]:
        """What was given up, refused, or may have gone out: without contents, the latest first."""
        return await self._rows.changed_last(states, kind=kind, limit=limit)

    async def dead(self, kind: OutboxKind | None = None) -> list[str]:
        """The keys of everything that was given up."""
        return await self._rows.keys_in(OutboxState.DEAD, kind=kind)

    async def row(self, key: str) -> OutboxRow:
        """Raises NotFound."""
        row = await self._rows.get(key)
        if row is None:
            raise NotFound
        return row

    async def with_ref(self, ref: str) -> OutboxRow:
        """Raises NotFound."""
        row = await self._rows.with_ref(ref)
        if row is None:
            raise NotFound
        return row

    async def counts(self, states: Iterable[OutboxState]) -> dict[OutboxState, int]:
        """How many there are in each of these states."""
        return {state: await self._rows.count(state) for state in states}

    async def readers(self, rows: Iterable[OutboxRow]) -> dict[int, Person]:
        """The people whom these are for, by id."""
        return await self._people.many({row.person_id for row in rows if row.person_id is not None})

    async def again(self, key: str) -> Resent:
        """Send this again; of what may have gone out, the carrier's own list is asked first.

        Raises NotFound, or WrongState for what waits already, went out, was left unsaid on purpose, or was a code,
        whose text is never kept.
        """
        row = await self.row(key)
        if row.state is OutboxState.UNKNOWN:
            return await self._asked(key)
        if row.state not in TROUBLED or not await self._outbox.again(key):
            raise WrongState
        return Resent.ON_ITS_WAY

    async def _asked(self, key: str) -> Resent:
        if await self._rows.ask_now(key, self._clock.now()):
            await self._outbox.ask(key)
        state = (await self.row(key)).state
        if state is OutboxState.UNKNOWN:
            return Resent.IN_DOUBT
        if state is OutboxState.DONE:
            return Resent.WENT_OUT
        if state in (OutboxState.WAITING, OutboxState.SENDING) or await self._outbox.again(key):
            # It was surely not sent, or the carrier says that it did not get through.
            return Resent.ON_ITS_WAY
        raise WrongState
