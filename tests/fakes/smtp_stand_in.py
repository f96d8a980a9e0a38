"""A stand-in for a mail server on a real socket: takes letters, asks for a password if told to, and fails to order.

async with SmtpStandIn() as server:
    mail = SmtpMail(url=server.url, sender="no-reply@example.com")
    server.answers["RCPT"] = "550 5.1.1 no such user"     # instead of its usual answer
    server.hangs_up_at = "BODY"                           # closes the connection there
    …
    (letter,) = server.letters                            # raw, and parsed: letter.message
"""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import ssl
from dataclasses import dataclass
from email.message import EmailMessage


@dataclass(frozen=True)
class Received:
    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


class SmtpStandIn:
    """Phases, for `answers`, `hangs_up_at` and `is_silent_at`: GREETING EHLO AUTH MAIL RCPT DATA BODY QUIT."""

    def __init__(
        self,
        *,
        user: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.letters: list[Received] = []
        self.commands: list[str] = []
        self.answers: dict[str, str] = {}
        self.hangs_up_at: str | None = None
        self.keeps_before_hanging_up = True
        self.is_silent_at: str | None = None
        self.connections = 0
        self._login = None if user is None else (user, password)
        self._tls = tls
        self._starttls = starttls
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> SmtpStandIn:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'smtps' if self._tls else 'smtp'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            await _Talk(self, reader, writer).hold()
        except (ConnectionError, asyncio.IncompleteReadError, EOFError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()


class _Talk:
    def __init__(
        self, server: SmtpStandIn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.sender = ""
        self.recipients: list[str] = []
        self._is_tls = False

    async def hold(self) -> None:
        await self._say("GREETING", "220 stand-in ESMTP")
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            self.server.commands.append(line)
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    more = "".join(
                        f"250-{extension}\r\n"
                        for extension, offered in (
                            ("STARTTLS", self.server._starttls is not None and not self._is_tls),
                            ("AUTH PLAIN", self.server._login is not None),
                        )
                        if offered
                    )
                    await self._say("EHLO", f"250-stand-in\r\n{more}250 SIZE 10485760")
                case "STARTTLS" if self.server._starttls is not None:
                    await self._say("STARTTLS", "220 go ahead")
                    before = self.writer.transport
                    try:
                        await self.writer.start_tls(self.server._starttls)
                    except AttributeError:
                        # Who is at the other end did not believe the certificate and has gone: the loop gives no
                        # transport then, but the writer is closed later all the same.
                        vars(self.writer)["_transport"] = before
                        raise EOFError from None
                    self._is_tls = True
                case "AUTH":
                    given = tuple(base64.b64decode(rest.split(" ")[1]).decode().split("\0")[1:])
                    good = given == self.server._login
                    await self._say("AUTH", "235 welcome" if good else "535 5.7.8 wrong")
                case "MAIL":
                    self.sender = _in_brackets(rest)
                    await self._say("MAIL", "250 ok")
                case "RCPT":
                    self.recipients.append(_in_brackets(rest))
                    await self._say("RCPT", "250 ok")
                case "DATA":
                    if await self._say("DATA", "354 go ahead"):
                        await self._take()
                case "RSET":
                    await self._say("RSET", "250 ok")
                case "QUIT":
                    await self._say("QUIT", "221 bye")
                    return
                case _:
                    await self._say("OTHER", "502 no such command")

    async def _take(self) -> None:
        raw = (await self.reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
        letter = Received(self.sender, tuple(self.recipients), raw)
        self.recipients.clear()
        refused = self.server.answers.get("BODY", "250")[0] != "2"
        if not refused and (self.server.hangs_up_at != "BODY" or self.server.keeps_before_hanging_up):
            self.server.letters.append(letter)
        await self._say("BODY", "250 queued")

    async def _say(self, phase: str, usual: str) -> bool:
        """Whether it was the usual answer."""
        if self.server.hangs_up_at == phase:
            raise EOFError
        if self.server.is_silent_at == phase:
            await self.reader.read()
            raise EOFError
        self.writer.write(self.server.answers.get(phase, usual).encode() + b"\r\n")
        await self.writer.drain()
        return phase not in self.server.answers


def _in_brackets(text: str) -> str:
    return text.partition("<")[2].partition(">")[0]
