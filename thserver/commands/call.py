"""`thserver call`: a practice phone. It dials the service's number, prints what is said and types digits."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import signal
import sys
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClientConnection, websocket_connect

from config.settings import Settings
from thserver import logs
from thserver.commands.reach import service_address, settings_like_the_service

HELP = "a practice phone: dial in, hear what is said, type digits"
CONNECT_SECONDS = 10
HANG_UP_SECONDS = 3


class CallProblem(Exception):
    """The call cannot be made; the message is one sentence."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="caller", default="", metavar="+1…", help="the caller's number; hidden without it"
    )
    parser.add_argument(
        "--digits", default="", help="digits to type, in order, whenever asked for some (123456#)"
    )


def run(given: argparse.Namespace) -> int:
    if given.caller and not re.fullmatch(r"\+[1-9][0-9]{6,14}", given.caller):
        print("thserver: --from must be a number like +13125550123.", file=sys.stderr)
        return 2
    if not re.fullmatch(r"[0-9*#wW]*", given.digits):
        print("thserver: --digits may hold 0 to 9, * and # only.", file=sys.stderr)
        return 2
    settings = settings_like_the_service(otherwise_development=True)
    logs.configure(settings, quiet=True)
    try:
        asyncio.run(_run(settings, given.caller, given.digits))
    except CallProblem as problem:
        print(f"thserver: {problem}", file=sys.stderr)
        return 1
    return 0


async def _run(settings: Settings, caller: str, digits: str) -> None:
    hang_up = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, hang_up.set)
    async with service_address(settings) as address:
        line = await _dial(address, caller)
        shown(f"(dialling {settings.conference_number} from {caller or 'a hidden number'})")
        listening = asyncio.create_task(_listen(line, portions(digits)))
        hanging_up = asyncio.create_task(hang_up.wait())
        await asyncio.wait({listening, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            await line.write_message(json.dumps({"hangup": True}))
            await asyncio.wait({listening}, timeout=HANG_UP_SECONDS)
        hanging_up.cancel()
        if listening.done():
            listening.result()
        else:
            listening.cancel()
        line.close()


async def _dial(address: str, caller: str) -> WebSocketClientConnection:
    url = f"ws{address.removeprefix('http')}/practice/phone?{urlencode({'from': caller})}"
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await websocket_connect(url)
    except HTTPClientError as refusal:
        raise CallProblem(
            f"the service at {address} has no practice phone ({refusal.code}): "
            "it is there in development mode with the simulated phone company."
        ) from None
    except (OSError, TimeoutError) as problem:
        raise CallProblem(f"the service at {address} does not answer: {problem}.") from None


async def _listen(line: WebSocketClientConnection, to_type: list[str]) -> None:
    """Print what happens until the other end hangs up."""
    async with contextlib.AsyncExitStack() as ending:
        while (text := await line.read_message()) is not None:
            event: dict[str, Any] = json.loads(text)
            match event.get("event"):
                case "said":
                    shown(str(event["text"]))
                case "gather" if to_type:
                    await _type(line, to_type.pop(0))
                case "gather" if sys.stdin.isatty():
                    shown("(type digits and Enter)")
                    keyboard = asyncio.create_task(_type_by_hand(line))
                    ending.callback(keyboard.cancel)
                case "joined":
                    shown(f"(in the room {event['room']})")
                case "left":
                    shown("(out of the room)")
                case "hung_up":
                    shown(f"(hung up: {event['reason']})" if event.get("reason") else "(hung up)")
                    return
        shown("(the line went dead)")


async def _type(line: WebSocketClientConnection, digits: str) -> None:
    shown(f"(typing {digits})")
    await line.write_message(json.dumps({"digits": digits}))


async def _type_by_hand(line: WebSocketClientConnection) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin)
    digits = re.sub(r"[^0-9*#]", "", sys.stdin.readline())
    if digits:
        await line.write_message(json.dumps({"digits": digits}))


def portions(digits: str) -> list[str]:
    """What to type at each question: a portion ends with #, `123456#2` is two."""
    return re.findall(r"[^#]*#|[^#]+", digits)


def shown(text: str) -> None:
    # Words of another person may be in it: they must not drive this terminal.
    print("".join(character if character.isprintable() else " " for character in text), flush=True)
