"""A telephone line for tests: rings as the phone company does, and reads what is answered."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urldefrag
from xml.etree import ElementTree

from tests.clients.phone_company import PhoneCompany

_numbers = itertools.count(1)


def new_sid(prefix: str) -> str:
    return f"{prefix}{next(_numbers):032x}"


@dataclass(frozen=True)
class Heard:
    """An answer in TwiML, checked to be one."""

    raw: bytes

    @property
    def root(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.raw)

    @property
    def said(self) -> str:
        return " ".join(say.text or "" for say in self.root.iter("Say"))

    @property
    def room(self) -> ElementTree.Element | None:
        return self.root.find("Dial/Conference")

    @property
    def is_let_in(self) -> bool:
        return self.room is not None

    @property
    def asks_pin(self) -> bool:
        gather = self.root.find("Gather")
        return gather is not None and "/pin/" in gather.get("action", "")

    def next_path(self, base_url: str) -> str:
        """Where the phone company goes next: a Gather's action, or a Redirect."""
        gather, redirect = self.root.find("Gather"), self.root.find("Redirect")
        url = gather.get("action", "") if gather is not None else (redirect.text or "")  # type: ignore[union-attr]
        assert url.startswith(base_url)
        return urldefrag(url).url.removeprefix(base_url)


@dataclass
class Line:
    """One call. `sid` is its CallSid."""

    company: PhoneCompany
    number: str
    sid: str
    extra: dict[str, str]

    def __init__(self, company: PhoneCompany, number: str | None, **extra: str) -> None:
        self.company, self.number, self.extra = company, number or "+266696687", extra
        self.sid = new_sid("CA")

    async def post(self, path: str, **more: str) -> Heard:
        params = {"CallSid": self.sid, "From": self.number, "To": "+12025550100", **self.extra, **more}
        answer = await self.company.post(path, params)
        assert answer.code == 200, (path, answer.code)
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        heard = Heard(answer.body)
        assert heard.root.tag == "Response"
        return heard

    async def ring(self) -> Heard:
        return await self.post("/phone/voice", CallStatus="ringing")

    async def type(self, heard: Heard, digits: str) -> Heard:
        return await self.post(heard.next_path(self.company.base_url), Digits=digits)

    async def hold_on(self, heard: Heard) -> Heard:
        return await self.post(heard.next_path(self.company.base_url))


@dataclass
class Meeting:
    """A conference as the phone company tells of it: each event with its number and time."""

    company: PhoneCompany
    booking_id: int
    room: str
    sid: str = ""
    number: int = 0

    def __post_init__(self) -> None:
        self.sid = self.sid or new_sid("CF")

    def event(self, name: str, at: datetime, line: Line | None = None, **more: str) -> dict[str, str]:
        """The next event's parameters, not yet sent."""
        self.number += 1
        return {
            "ConferenceSid": self.sid,
            "FriendlyName": self.room,
            "SequenceNumber": str(self.number),
            "Timestamp": format_datetime(at),
            "StatusCallbackEvent": name,
            **({"CallSid": line.sid, "Muted": "false"} if line is not None else {}),
            **more,
        }

    async def send(self, event: dict[str, str]) -> None:
        answer = await self.company.post(f"/phone/conferences/{self.booking_id}/events", event)
        assert (answer.code, answer.body) == (204, b"")

    async def tell(self, name: str, at: datetime, line: Line | None = None, **more: str) -> None:
        await self.send(self.event(name, at, line, **more))
