"""The people of the demo: an HTTP client, a mailbox and a telephone each, and what they read and hear."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from datetime import datetime
from typing import Any

import httpx
from tornado.websocket import WebSocketClientConnection, websocket_connect

PATIENCE_S = 30.0


class Story:
    """The service as everybody in the story reaches it, and the page on which it is written down."""

    class Broken(Exception):
        """The story did not go on as it should; the message is one sentence."""

    def __init__(self, http: httpx.AsyncClient, number: str) -> None:
        self.http = http
        self.number_digits = re.sub(r"\D", "", number)

    def chapter(self, title: str) -> None:
        print(f"\n== {title}", flush=True)

    def say(self, who: str, what: str) -> None:
        for line in what.splitlines():
            if line.strip():
                shown = "".join(letter if letter.isprintable() else " " for letter in line)
                print(f"{who + ':' if who else '':<14} {shown}", flush=True)

    async def check_practice(self) -> None:
        if (await self.http.get("/practice/clock")).status_code != 200:
            raise Story.Broken(
                "it needs development mode and the simulated phone company, as `make run` has them"
            )

    async def now(self) -> datetime:
        return datetime.fromisoformat((await self.http.get("/practice/clock")).json()["now"])

    async def wait_until(self, moment: datetime) -> None:
        """Put the practice clock ahead to that moment, unless it is there already."""
        ahead = (moment - await self.now()).total_seconds()
        if ahead > 0:
            answer = await self.http.post("/practice/clock", json={"advance_s": ahead})
            if answer.status_code != 200:
                raise Story.Broken(f"the clock cannot be put ahead: {answer.text}")

    async def found(self, what: str, path: str, to: str, key: str, seen: int) -> tuple[int, str]:
        """The first message to this address, after those seen, that has this word in it; waited for."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                messages = (await self.http.get(path, params={"to": to})).json()
                for place in range(seen, len(messages)):
                    text = message_text(messages[place])
                    if key.lower() in text.lower():
                        return place + 1, text
                await asyncio.sleep(0.1)
        raise Story.Broken(f"no {what}")


def message_text(message: dict[str, Any]) -> str:
    if "subject" in message:
        return f"{message['subject']}\n{message['text']}"
    return str(message["body"])


class Client:
    """One person: an address, a number, and the token that registration gave."""

    def __init__(self, story: Story, first: str, last: str, email: str, zone: str) -> None:
        self.story, self.first, self.last, self.email, self.zone = story, first, last, email, zone
        self.phone = f"+1312555{secrets.randbelow(10_000):04d}"
        self.hero_id = 0
        self._headers: dict[str, str] = {}
        self._texts_seen = 0
        self._mails_seen = 0

    async def register(self) -> None:
        digits = self.phone.removeprefix("+1")
        await self.post("/api/v1/accounts/phone-token", {"phone": digits}, expect=201)
        text = await self.reads_text("#")
        code = text.rpartition("#")[2].strip()
        profile = await self.post(
            "/api/v1/accounts/register",
            {
                "first_name": self.first,
                "last_name": self.last,
                "email": self.email,
                "password": "a-good-password-1",
                "phone": digits,
                "phone_token": code,
                "timezone": self.zone,
            },
            expect=201,
        )
        self._headers = {"Authorization": profile["token"]}
        mail = await self.reads_mail("verify")
        token = re.search(r"verify-email/([a-z0-9]{10})", mail)
        if token is None:
            raise Story.Broken("the e-mail has no token")
        await self.post("/api/v1/accounts/verify-email", {"token": token[1]})

    async def is_logged(self) -> None:
        """Wait until the phone company's word that this person has joined has come."""
        for _ in range(int(PATIENCE_S * 10)):
            if (await self.get("/api/v1/conferences/"))["count"]:
                return
            await asyncio.sleep(0.1)
        raise Story.Broken(f"{self.first} is not in the log")

    async def get(self, path: str) -> dict[str, Any]:
        return await self._request("GET", path, None, (200,))

    async def post(
        self, path: str, body: dict[str, Any], *, expect: int | tuple[int, ...] = 200
    ) -> dict[str, Any]:
        return await self._request("POST", path, body, expect if isinstance(expect, tuple) else (expect,))

    async def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._request("PATCH", path, body, (200,))

    async def reads_text(self, key: str) -> str:
        self._texts_seen, text = await self._waits(
            "text", "/practice/texts", self.phone, key, self._texts_seen
        )
        self.story.say(f"{self.first}'s SMS", text)
        return text

    async def reads_mail(self, key: str) -> str:
        self._mails_seen, text = await self._waits(
            "e-mail", "/practice/mails", self.email, key, self._mails_seen
        )
        self.story.say(f"{self.first}'s mail", text.partition("\n")[0])
        return text

    async def _waits(self, what: str, path: str, to: str, key: str, seen: int) -> tuple[int, str]:
        try:
            return await self.story.found(what, path, to, key, seen)
        except TimeoutError:
            raise Story.Broken(f"{self.first} got no {what} with “{key}” in it") from None

    async def _request(
        self, method: str, path: str, body: dict[str, Any] | None, expected: tuple[int, ...]
    ) -> dict[str, Any]:
        answer = await self.story.http.request(method, path, json=body, headers=self._headers)
        if answer.status_code not in expected:
            raise Story.Broken(f"{method} {path} answered {answer.status_code}: {answer.text}")
        answered: dict[str, Any] = answer.json()
        return answered


class Caller:
    """A person with the phone at his ear."""

    def __init__(self, story: Story, person: Client) -> None:
        self.story, self.person = story, person
        self._line: WebSocketClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def dial(self) -> None:
        base = str(self.story.http.base_url).rstrip("/").replace("http", "ws", 1)
        self.story.say(self.person.first, f"dials {self.story.number_digits}")
        self._line = await websocket_connect(f"{base}/practice/phone?from=%2B{self.person.phone[1:]}")
        self._listening = asyncio.create_task(self._listen(self._line))

    async def until(self, wanted: str) -> None:
        """Wait for an event of this name."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (event := await self._events.get())["event"] != wanted:
                    if event["event"] == "hung_up":
                        raise Story.Broken(f"{self.person.first} was hung up on")
        except TimeoutError:
            raise Story.Broken(f"{self.person.first} waited for “{wanted}” in vain") from None

    async def hang_up(self) -> None:
        self.story.say(self.person.first, "hangs up")
        assert self._line is not None
        await self._line.write_message(json.dumps({"hangup": True}))
        await self.until("hung_up")

    async def close(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._listening is not None:
            await self._listening

    async def _listen(self, line: WebSocketClientConnection) -> None:
        while (text := await line.read_message()) is not None:
            event = json.loads(text)
            if event["event"] == "said":
                self.story.say(f"{self.person.first} hears", event["text"])
            elif event["event"] == "joined":
                self.story.say(self.person.first, f"is in the room {event['room']}")
            self._events.put_nowait(event)
