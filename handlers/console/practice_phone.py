"""Practice phones: dial the service without a telephone, read the texts and letters that it sends, move its clock.

Only where the phone company is simulated, under DEBUG, and from this very machine; to anybody else none of it exists.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import timedelta
from typing import Any

from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from handlers.access import anyone, lasting
from handlers.base import Handler
from handlers.bodies import Malformed
from handlers.console.dialect import DIALECT
from handlers.console.this_machine import comes_from_here

log = logging.getLogger(__name__)

LONGEST_FRAME = 4096
LONGEST_TEXT = 1600
FURTHEST_AHEAD_S = 366 * 24 * 3600
# Nothing puts the clock back, and where the calendar ends nothing can be agreed on.
LAST_YEAR = 2100
TOO_BIG = 1009


def phone_in(text: str) -> str | None:
    """A number in a query; the + may have come as the space that it means there. None for an empty one."""
    text = "+" + text[1:] if text.startswith(" ") else text
    if not text:
        return None
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
        raise HTTPError(400)
    return text


class PracticeHandler(Handler):
    """Lets in only who sits at this machine, and no web page from elsewhere in his browser."""

    dialect = DIALECT

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.clear_header("Access-Control-Allow-Origin")

    def prepare(self) -> None:
        super().prepare()
        settings = self.application.settings
        if not (
            settings.get("debug_mode") and comes_from_here(self.request, public_url=settings["public_url"])
        ):
            raise HTTPError(404)

    def practising(self, company: str) -> Any:
        """The simulated company of that name; without one the URL does not exist."""
        practice = self.application.settings.get("practice") or getattr(self.services, "practice", None)
        found = getattr(practice, company, None)
        if found is None:
            raise HTTPError(404)
        return found


class PracticePhone(WebSocketHandler, PracticeHandler):
    """One phone: opening dials, closing hangs up.

    To the phone go the call's events, `{"event": "said", "text": …}`; from it come `{"digits": "123#"}` and
    `{"hangup": true}`. `?from=` is the caller's number, hidden when empty; `?stir=` what the network vouches for.

    With `?answer=<number>` instead the phone of that number waits to be called: `{"event": "ringing", "from": …,
    "call_sid": …}` goes to it when the service calls (at once when it rings already), `{"answer": true}` picks up, and
    from then on it is a call like any other; `{"hangup": true}` declines. What nobody answers, or somebody at another
    phone of that number, ends with `hung_up`, and the socket closes; open it anew to wait for the next call.
    """

    def initialize(self) -> None:
        self._call: Any = None
        # Not while it only rings here.
        self._is_mine = False
        self._telling: asyncio.Task[None] | None = None

    @lasting("anyone")
    async def get(self, *args: Any, **kwargs: Any) -> None:
        self.practising("carrier")
        for name in ("from", "answer"):
            phone_in(self.get_query_argument(name, "", strip=False))
        await super().get(*args, **kwargs)

    async def open(self, *args: str, **kwargs: str) -> None:
        # What the end of the process closes with "service restart".
        self.application.settings.setdefault("open_sockets", set()).add(self)
        called = phone_in(self.get_query_argument("answer", "", strip=False))
        if called is not None:
            self._telling = asyncio.create_task(self._wait_for_ring(called))
            return
        caller = phone_in(self.get_query_argument("from", "", strip=False))
        stir = self.get_query_argument("stir", "")[:40] or None
        self._call = await self.practising("carrier").dial(caller, stir=stir)
        self._is_mine = True
        self._telling = asyncio.create_task(self._tell())

    def on_message(self, message: str | bytes) -> None:
        if len(message) > LONGEST_FRAME:
            self.close(TOO_BIG)
            return
        try:
            said = json.loads(message)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict) or self._call is None:
            return
        if said.get("answer") is True:
            self._is_mine |= self.practising("carrier").answer(self._call)
        if isinstance(digits := said.get("digits"), str):
            self._call.press(digits)
        if said.get("hangup") is True:
            self._call.hang_up()

    def on_close(self) -> None:
        self.application.settings.setdefault("open_sockets", set()).discard(self)
        if self._is_mine:
            self._call.hang_up()
        if self._telling is not None:
            self._telling.cancel()

    async def _wait_for_ring(self, number: str) -> None:
        call = self._call = await self.practising("carrier").next_ring(number)
        try:
            ringing = {"event": "ringing", "from": call.from_number, "call_sid": call.sid}
            await self.write_message(json.dumps(ringing))
            await call.no_longer_rings()
            if self._is_mine:
                await self._tell()
                return
            ended = call.transcript[-1] if call.is_over else {"event": "hung_up", "by": "elsewhere"}
            await self.write_message(json.dumps(ended))
        except WebSocketClosedError:
            return
        self.close()

    async def _tell(self) -> None:
        """Every event of the call, until it is over."""
        try:
            while True:
                event = await self._call.events.get()
                await self.write_message(json.dumps(event))
                if event["event"] == "hung_up":
                    break
        except WebSocketClosedError:
            return
        self.close()


class PracticeTexts(PracticeHandler):
    """What the service texted to a number, and texting the service."""

    @anyone
    async def get(self) -> None:
        number = phone_in(self.get_query_argument("to", "", strip=False))
        carrier = self.practising("carrier")
        self.reply(carrier.all_texts() if number is None else carrier.texts_to(number))

    @anyone
    async def post(self) -> None:
        given = self.raw_body()
        sender, body = given.get("from"), given.get("body")
        if not isinstance(sender, str) or not isinstance(body, str) or len(body) > LONGEST_TEXT:
            raise Malformed
        number = phone_in(sender)
        if number is None:
            raise Malformed
        self.reply(await self.practising("carrier").text_from(number, body))


class PracticeMails(PracticeHandler):
    """The letters that the service sent to an address, newest last."""

    @anyone
    async def get(self) -> None:
        address = self.get_query_argument("to", "")
        mail = self.practising("mail")
        self.reply(mail.letters_to(address) if address else mail.all_letters())


class PracticeTime(PracticeHandler):
    """The service's clock, which can be put ahead so that nobody waits for a call's time to come."""

    @anyone
    async def get(self) -> None:
        self.reply({"now": self.practising("clock").now().isoformat()})

    @anyone
    async def post(self) -> None:
        seconds = self.raw_body().get("advance_s")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise Malformed
        if not 0 <= seconds <= FURTHEST_AHEAD_S:
            raise Malformed
        clock, carrier = self.practising("clock"), self.practising("carrier")
        if clock.now().year >= LAST_YEAR:
            raise Malformed
        clock.advance(timedelta(seconds=seconds))
        carrier.look_at_clock()
        self.reply({"now": clock.now().isoformat()})


ROUTES = [
    (r"/practice/phone/?", PracticePhone),
    (r"/practice/texts/?", PracticeTexts),
    (r"/practice/mails/?", PracticeMails),
    (r"/practice/clock/?", PracticeTime),
]
