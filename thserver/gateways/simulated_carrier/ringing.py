"""Calls that the service makes: they ring at a number until somebody there answers or declines, or nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from thserver.gateways.simulated_carrier.calls import SimulatedCall
from thserver.gateways.simulated_carrier.waiting import Waiting, first
from thserver.gateways.simulated_carrier.webhooks import Callbacks, Posting


@dataclass(eq=False)
class Ring:
    """One of them. `follow` leads the call through the service's TwiML once it is answered."""

    call: SimulatedCall
    status_url: str
    params: dict[str, str]
    follow: Callable[[], Coroutine[Any, Any, None]]


class Ringing:
    def __init__(self, *, waiting: Waiting, callbacks: Callbacks) -> None:
        self._waiting = waiting
        self._callbacks = callbacks
        self._rings: dict[str, Ring] = {}
        self._news = asyncio.Event()

    def at(self, number: str) -> list[SimulatedCall]:
        """Those that ring at this number now, the first first."""
        return [
            ring.call
            for ring in self._rings.values()
            if ring.call.to_number == number and not ring.call.picked_up.is_set() and not ring.call.is_over
        ]

    async def next_at(self, number: str) -> SimulatedCall:
        """Wait until one rings there."""
        while not (found := self.at(number)):
            await self._news.wait()
        return found[0]

    def answer(self, call: SimulatedCall) -> bool:
        """False when it does not ring any more, or somebody else was first."""
        ring = self._rings.get(call.sid)
        if ring is None or call.picked_up.is_set() or call.is_over:
            return False
        call.picked_up.set()
        return True

    async def ring(self, ring: Ring, *, ring_for_s: int) -> None:
        """The whole call, from the first ring to its end."""
        call = ring.call
        self._rings[call.sid] = ring
        self._news.set()
        self._news = asyncio.Event()
        try:
            ended = await first(call.picked_up.wait(), call.gone.wait(), self._waiting.sleep(ring_for_s))
            if call.picked_up.is_set() and not call.is_over:
                call.status = "in-progress"
                call.happen("answered")
                await ring.follow()
            elif ended == 2:
                call.end(by="carrier", reason="no-answer", status="no-answer")
        finally:
            self._rings.pop(call.sid, None)

    def over(self, call: SimulatedCall) -> None:
        """Tell the service how it ended."""
        ring = self._rings.get(call.sid)
        if ring is not None and ring.status_url:
            params = {**ring.params, "CallStatus": call.status}
            self._callbacks.post(call.sid, Posting(ring.status_url, params))
