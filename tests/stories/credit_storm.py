"""Fifty people who ask, confirm, cancel, complete, transfer and buy at random, at whichever process answers."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.stories.fleet import Fleet

PEOPLE = 50
# What may be answered while processes are killed and everybody wants the same.
EXPECTED = {200, 201, 202, 400, 403, 404, 503}
AT_A_TIME = 30
# What must have happened before a storm is one, and how much longer it may last on a slow machine until it has.
SEEN = ("POST meetings 201", "PATCH update_status 200", "POST credits 200", "POST payments 200")
PATIENCE_S = 60


@dataclass
class Storm:
    fleet: Fleet
    tokens: dict[int, str]
    answered: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    bought: int = 0
    _over: float = 0

    async def blow(self, seconds: float, *, kill_every: float) -> None:
        async with httpx.AsyncClient(
            trust_env=False, timeout=20, limits=httpx.Limits(max_connections=200)
        ) as http:
            self._over = asyncio.get_running_loop().time() + seconds
            clients = [self._live(http, person_id) for person_id in self.tokens]
            await asyncio.gather(self._hurry(), self._kill(kill_every), *clients)

    def _blows(self) -> bool:
        now = asyncio.get_running_loop().time()
        return now < self._over or (
            now < self._over + PATIENCE_S and not all(self.answered[what] for what in SEEN)
        )

    async def balances(self) -> dict[int, int]:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            found = {}
            for person_id in self.tokens:
                answer = await self._ask(http, person_id, "GET", "/credits/balance/")
                assert answer is not None
                found[person_id] = answer.json()["balance"]
        return found

    async def _live(self, http: httpx.AsyncClient, me: int) -> None:
        while self._blows():
            act = random.choices(
                [self._create, self._move, self._transfer, self._buy, self._look], [4, 5, 4, 1, 1]
            )[0]
            await act(http, me)

    async def _create(self, http: httpx.AsyncClient, me: int) -> None:
        expert = random.choice([person_id for person_id in self.tokens if person_id != me])
        starts = datetime.now(UTC) + timedelta(
            seconds=self.fleet.ahead_s, minutes=random.randrange(10, 60, 5)
        )
        body = {
            "title": "Storm",
            "expert_id": expert,
            "category_id": 1,
            "scheduled_start": starts.isoformat(),
            "scheduled_end": (starts + timedelta(minutes=random.choice((15, 30)))).isoformat(),
        }
        await self._ask(http, me, "POST", "/meetings/", body)

    async def _move(self, http: httpx.AsyncClient, me: int) -> None:
        meetings = await self._meetings(http, me, "?status=" + random.choice(("pending", "confirmed")))
        for meeting in random.sample(meetings, min(3, len(meetings))):
            likely = "confirmed" if meeting["status"] == "pending" else "completed"
            status = random.choices((likely, "cancelled", "confirmed"), [8, 1, 1])[0]
            await self._ask(
                http, me, "PATCH", f"/meetings/{meeting['id']}/update_status/", {"status": status}
            )

    async def _transfer(self, http: httpx.AsyncClient, me: int) -> None:
        meetings = await self._meetings(http, me, "?status=completed")
        for meeting in random.sample(meetings, min(2, len(meetings))):
            body = {"meeting_id": meeting["id"], "amount": random.choice((1, 1, 2, 5))}
            # Twice at once, as an impatient client does.
            asked = [self._ask(http, me, "POST", "/credits/transfer/", body) for _ in range(2)]
            done = [answer for answer in await asyncio.gather(*asked) if answer is not None]
            if sum(answer.status_code == 200 for answer in done) > 1:
                self.wrong.append(f"meeting {meeting['id']} was transferred twice")

    async def _buy(self, http: httpx.AsyncClient, me: int) -> None:
        credits = random.randint(1, 3)
        body = {"payment_method": "credit_card", "amount": f"{credits}.00", "credits_to_purchase": credits}
        answer = await self._ask(http, me, "POST", "/payments/purchase_credits/", body)
        if answer is not None and answer.status_code == 200:
            self.bought += credits

    async def _look(self, http: httpx.AsyncClient, me: int) -> None:
        answer = await self._ask(http, me, "GET", "/credits/balance/")
        if answer is not None and answer.status_code == 200 and answer.json()["balance"] < 0:
            self.wrong.append(f"person {me} has {answer.json()['balance']}")

    async def _meetings(self, http: httpx.AsyncClient, me: int, query: str) -> list[dict[str, Any]]:
        answer = await self._ask(http, me, "GET", f"/meetings/{query}")
        return answer.json()[-AT_A_TIME:] if answer is not None and answer.status_code == 200 else []

    async def _ask(
        self, http: httpx.AsyncClient, me: int, method: str, path: str, body: Any = None
    ) -> httpx.Response | None:
        """None when the process that was asked is dead or dies."""
        running = [f"http://127.0.0.1:{port}" for port in self.fleet.processes]
        if not running:
            await asyncio.sleep(0.05)
            return None
        headers = {"Authorization": f"Bearer {self.tokens[me]}"}
        try:
            answer = await http.request(
                method, f"{random.choice(running)}/api{path}", json=body, headers=headers
            )
        except httpx.HTTPError:
            self.answered["died"] += 1
            return None
        what = path.split("/")[1 if path.count("/") < 4 else 3]
        self.answered[f"{method} {what} {answer.status_code}"] += 1
        if answer.status_code not in EXPECTED:
            self.wrong.append(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
        return answer

    async def _hurry(self) -> None:
        """Time passes a thousand times as fast and more, so that meetings end."""
        while self._blows():
            await asyncio.sleep(0.3)
            await self.fleet.advance(900)

    async def _kill(self, every: float) -> None:
        while asyncio.get_running_loop().time() + every < self._over:
            await asyncio.sleep(every)
            port = random.choice(self.fleet.ports)
            with contextlib.suppress(KeyError):
                await self.fleet.kill(port)
                self.answered["killed"] += 1
            await self.fleet.start(port)
