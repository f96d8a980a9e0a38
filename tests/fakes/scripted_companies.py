"""A phone company and a mail company that do what a test says, one step at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from thserver.domain.errors import Unavailable
from thserver.domain.ports import CarrierMessage, Letter, Outcome, Sent


class ScriptedCarrier:
    """`outcomes` are the answers to the next texts (DONE after that); `listed` is the carrier's own list.

    `texts` is every text that it was asked to send; `during` runs while one is being sent.
    """

    account_id = "ACscripted"
    auth_tokens = ("scripted",)

    def __init__(self) -> None:
        self.outcomes: deque[Sent] = deque()
        self.texts: list[tuple[str, str, str]] = []
        self.listed: list[CarrierMessage] = []
        self.list_is_away = False
        self.looks = 0
        self.during: Callable[[], Awaitable[None]] | None = None
        self.sending_now = 0
        self.most_at_once = 0

    async def send_text(
        self, to: str, body: str, *, callback_path: str, valid_for_s: int | None = None
    ) -> Sent:
        self.sending_now += 1
        self.most_at_once = max(self.most_at_once, self.sending_now)
        try:
            self.texts.append((to, body, callback_path))
            if self.during is not None:
                await self.during()
            await asyncio.sleep(0)
            if self.outcomes:
                return self.outcomes.popleft()
            return Sent(Outcome.DONE, f"SM{len(self.texts):032}")
        finally:
            self.sending_now -= 1

    async def find_text(self, to: str, body: str, *, since: datetime) -> CarrierMessage | None:
        self.looks += 1
        if self.list_is_away:
            raise Unavailable
        found = [text for text in self.listed if (text.to, text.body) == (to, body)]
        return found[-1] if found else None


class ScriptedMail:
    """`outcomes` are the answers to the next letters (DONE after that); `letters` every letter that it got."""

    def __init__(self) -> None:
        self.outcomes: deque[Sent] = deque()
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> Sent:
        self.letters.append(letter)
        return self.outcomes.popleft() if self.outcomes else Sent(Outcome.DONE, letter.message_id)

    async def close(self) -> None:
        """Nothing is open."""
