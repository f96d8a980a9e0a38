"""E-mail over SMTP, one connection a letter, with the moment of handing over told apart from all before it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from urllib.parse import quote, unquote, urlsplit

import aiosmtplib

from thserver.domain.ports import INVITE_NAME, Clock, Invite, Letter, Outcome, Sent
from thserver.gateways.clock import SystemClock

log = logging.getLogger(__name__)

AT_ONCE = 4
# Seven bits: a server need not know 8BITMIME.
POLICY: EmailPolicy[EmailMessage] = SMTP.clone(cte_type="7bit")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
ADDRESS = re.compile(r"(?P<name>[^<>]*)<(?P<spec>[^<>]+)>|(?P<bare>[^<>]+)")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class BadLetter(Exception):
    """This letter can never be sent: `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class SmtpMail:
    def __init__(self, *, url: str, sender: str, timeout_s: float = 10, clock: Clock | None = None) -> None:
        """`url` is smtp://user:password@host:port (TLS by STARTTLS) or smtps://…, user and password
        percent-encoded. `sender` may bear a name. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("The mail server's URL must begin with smtp:// or smtps:// and name a host")
        self._host = parts.hostname
        self._is_tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._port = parts.port or (465 if self._is_tls else 587 if self._user else 25)
        self._sender = _address(sender)
        self._timeout_s = timeout_s
        self._clock: Clock = clock or SystemClock()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def send(self, letter: Letter) -> Sent:
        try:
            recipient, content = self._recipient(letter.to), self._content(letter)
        except BadLetter as bad:
            return Sent(Outcome.FAILED, letter.message_id, bad.reason)
        except Exception as error:
            log.warning("A letter could not be put together: %s", type(error).__name__)
            return Sent(Outcome.FAILED, letter.message_id, "bad_letter")
        async with self._turns:
            return await self._hand_over(letter.message_id, recipient, content)

    async def close(self) -> None:
        """Nothing is kept open between letters."""

    async def _hand_over(self, message_id: str, recipient: Address, content: bytes) -> Sent:
        client = self._client()
        greeted = given = False
        try:
            async with asyncio.timeout(2 * self._timeout_s):
                await client.connect()
                greeted = True
                await client.mail(self._sender.addr_spec)
                await client.rcpt(recipient.addr_spec)
                given = True
                await client.data(content)
                outcome, reason = Outcome.DONE, None
        except aiosmtplib.SMTPResponseException as refused:
            # Before the greeting is over (sign-in among it) the fault is the server's or ours, not the letter's.
            is_final = refused.code >= 500 and greeted
            outcome, reason = (Outcome.FAILED if is_final else Outcome.RETRY), str(refused.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            outcome, reason = (Outcome.UNKNOWN if given else Outcome.RETRY), type(error).__name__
        except Exception as error:  # what the library should not, but may, let out
            outcome, reason = (Outcome.UNKNOWN if given else Outcome.RETRY), type(error).__name__
        finally:
            await _leave(client)
        if outcome is not Outcome.DONE:
            log.warning("Mail server %s: %s, %s", self._host, outcome, reason)
        return Sent(outcome, message_id, reason)

    def _client(self) -> aiosmtplib.SMTP:
        is_near = self._host in LOOPBACK
        # A password crosses the net in TLS only; next door there is no net and often no good certificate.
        start_tls = True if self._user and not is_near else None
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            timeout=self._timeout_s,
            use_tls=self._is_tls,
            start_tls=False if self._is_tls else start_tls,
            validate_certs=not is_near,
            local_hostname=self._sender.domain or "localhost",
        )

    def _recipient(self, to: str) -> Address:
        try:
            address = _address(to)
            address.addr_spec.encode("ascii")
        except ValueError:
            raise BadLetter("bad_address") from None
        return address

    def _content(self, letter: Letter) -> bytes:
        message = EmailMessage(policy=POLICY)
        message["From"] = self._sender
        message["To"] = self._recipient(letter.to)
        message["Subject"] = _one_line(letter.subject)
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{_one_line(letter.message_id).strip('<>')}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(_sendable(letter.text))
        message.add_alternative(_sendable(letter.html), subtype="html")
        if letter.invite is not None:
            _add_invite(message, letter.invite)
        for name, mime_type, content in letter.attachments:
            maintype, _, subtype = mime_type.partition("/")
            message.add_attachment(
                content, maintype=maintype, subtype=subtype or "octet-stream", filename=_one_line(name)
            )
        return message.as_bytes()


def _add_invite(message: EmailMessage, invite: Invite) -> None:
    """As a third way to read the letter, which is what mail programs act on, and as a file for those that do not know
    it. The file is no second text/calendar: some programs would take that for another, unreadable invitation."""
    content = _sendable(invite.content)
    message.add_alternative(
        content, subtype="calendar", charset="UTF-8", cte="base64", params={"method": invite.method}
    )
    message.add_attachment(
        content.encode(),
        maintype="application",
        subtype="ics",
        filename=INVITE_NAME,
        params={"name": INVITE_NAME},
    )


def ses_smtp_url(access_key: str, secret_key: str, region: str) -> str:
    """The SMTP URL of Amazon SES: its password is derived from the secret key, as Amazon documents it."""
    signature = f"AWS4{secret_key}".encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    password = base64.b64encode(b"\x04" + signature).decode()
    return f"smtps://{quote(access_key, safe='')}:{quote(password, safe='')}@email-smtp.{region}.amazonaws.com:465"


def _address(text: str) -> Address:
    """One address with or without a name. Raises ValueError for anything else, line breaks and lists among it."""
    match = ADDRESS.fullmatch(text)
    if match is None or UNPRINTABLE.search(text):
        raise ValueError("not an address")
    local, _, domain = (match["bare"] or match["spec"]).rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
        return Address(
            display_name=(match["name"] or "").strip().strip('"'), addr_spec=f"{local}@{ascii_domain}"
        )
    except Exception as error:  # the parser also raises IndexError and its own defects
        raise ValueError("not an address") from error


def _one_line(text: str) -> str:
    return UNPRINTABLE.sub(" ", _sendable(text)).strip()


def _sendable(text: str) -> str:
    """Lone surrogates cannot be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8")


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        if client.is_connected:
            await client.quit(timeout=1)
    except (aiosmtplib.SMTPException, OSError):
        pass
    finally:
        client.close()
