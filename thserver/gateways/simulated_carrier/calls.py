"""A call as the person with the phone has it: what is heard, digits, hanging up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from thserver.gateways.simulated_carrier.webhooks import new_sid

Event = dict[str, Any]
DIGITS = frozenset("0123456789*#")


class Gathering:
    """A question that waits for digits: complete at the wanted number of them, or at a finish key."""

    def __init__(self, *, num_digits: int | None, finish_keys: str) -> None:
        self.digits = ""
        self.finished_on = ""
        self.complete = False
        self.pressed = asyncio.Event()
        self._num_digits = num_digits
        self._finish_keys = finish_keys

    def take(self, key: str) -> None:
        if self.complete:
            return
        if key in self._finish_keys:
            self.finished_on = key
            self.complete = True
        else:
            self.digits += key
            self.complete = len(self.digits) == self._num_digits
        self.pressed.set()


class SimulatedCall:
    """`events` are what a practice phone shows, as they happen; `transcript` keeps them all.

    Each is a dictionary with `event`: `said` (text, language), `played` (url), `beep`, `gather` (digits are
    waited for), `joined` and `left` (room), `muted` and `unmuted` (others do not hear him), `answered` (a call that
    the service made), `hung_up` (by, reason).
    """

    def __init__(
        self, *, from_number: str, to_number: str, on_hang_up: Callable[[SimulatedCall], None]
    ) -> None:
        self.sid = new_sid("CA")
        self.from_number = from_number
        self.to_number = to_number
        self.status = "ringing"
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.transcript: list[Event] = []
        self.gathering: Gathering | None = None
        self.gone = asyncio.Event()
        self.picked_up = asyncio.Event()
        self.starred = asyncio.Event()
        self._on_hang_up = on_hang_up
        self._news = asyncio.Event()
        self._read = 0

    @property
    def is_over(self) -> bool:
        return self.gone.is_set()

    @property
    def said(self) -> list[str]:
        """Every sentence heard so far."""
        return [event["text"] for event in self.transcript if event["event"] == "said"]

    async def no_longer_rings(self) -> None:
        """Returns when somebody has picked it up, or it is over."""
        waits = [asyncio.ensure_future(each.wait()) for each in (self.picked_up, self.gone)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def press(self, digits: str) -> None:
        """Type on the keypad. Digits that nobody waits for are lost, as on a real line."""
        for key in digits:
            if key not in DIGITS or self.is_over:
                continue
            if key == "*":
                self.starred.set()
            if self.gathering is not None:
                self.gathering.take(key)

    def hang_up(self) -> None:
        """The person puts the phone down, or declines a call that rings. Nothing happens when it is over already."""
        if self.status == "ringing" and not self.picked_up.is_set():
            self.end(by="caller", reason="declined", status="busy")
        else:
            self.end(by="caller", reason="completed")

    async def until(self, event: str, *, timeout_s: float = 5, **details: Any) -> Event:
        """The next such event after the one that the last `until` returned.

        Raises TimeoutError, with what was heard, when it does not come in that many real seconds.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while True:
                    while self._read < len(self.transcript):
                        found = self.transcript[self._read]
                        self._read += 1
                        if found["event"] == event and details.items() <= found.items():
                            return found
                    await self._news.wait()
        raise TimeoutError(f"no {event} {details or ''} in {self.transcript}")

    async def ended(self, *, timeout_s: float = 5) -> Event:
        """Wait for the end; the `hung_up` event."""
        async with asyncio.timeout(timeout_s):
            await self.gone.wait()
        return self.transcript[-1]

    # For the phone company's side.

    def happen(self, event: str, **details: Any) -> None:
        if self.is_over and event != "hung_up":
            return
        happening: Event = {"event": event, **details}
        self.transcript.append(happening)
        self.events.put_nowait(happening)
        self._news.set()
        self._news = asyncio.Event()

    def end(self, *, by: str, reason: str, status: str = "completed") -> None:
        """`by` is caller, service or carrier."""
        if self.is_over:
            return
        self.status = status
        self._on_hang_up(self)
        self.gone.set()
        self.happen("hung_up", by=by, reason=reason)
