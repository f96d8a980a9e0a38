"""Both ways to send mail: over SMTP to a stand-in on a real socket, and simulated."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tornado.testing import bind_unused_port

from tests.fakes.smtp_stand_in import SmtpStandIn
from thserver.domain.ports import Letter, Outcome, Sent
from thserver.gateways import smtp_mail
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_records import Records
from thserver.gateways.smtp_mail import SmtpMail, ses_smtp_url

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LETTER = Letter(
    to="ann@example.com",
    subject="Grace agreed: Monday 3 pm – see you “there”",
    text="Hello Ann,\n.\nGrüße, 你好 🎉\n",
    html="<p>Hello Ann,</p>\n<p>Grüße, 你好 🎉</p>\n",
    message_id="<receipt-7-ann@www.techheroes.xyz>",
)


class FixedClock:
    def now(self) -> datetime:
        return NOW


def text_of(part: Message) -> str:
    content = part.get_content()  # type: ignore[attr-defined]
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "mail.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def changed(**changes: object) -> Letter:
    return dataclasses.replace(LETTER, **changes)  # type: ignore[arg-type]


def mail_to(url: str, *, sender: str = "Tech Heroes <no-reply@www.techheroes.xyz>") -> SmtpMail:
    return SmtpMail(url=url, sender=sender, timeout_s=1, clock=FixedClock())


@asynccontextmanager
async def server_and_mail() -> AsyncIterator[tuple[SmtpStandIn, SmtpMail]]:
    async with SmtpStandIn() as server:
        mail = mail_to(server.url)
        yield server, mail
        await mail.close()


async def test_a_letter_arrives_as_it_was_written_in_plain_text_and_html() -> None:
    async with server_and_mail() as (server, mail):
        assert await mail.send(LETTER) == Sent(Outcome.DONE, LETTER.message_id)
        (received,) = server.letters
        assert (received.sender, received.recipients) == ("no-reply@www.techheroes.xyz", ("ann@example.com",))
        message = received.message
        assert message["From"] == "Tech Heroes <no-reply@www.techheroes.xyz>"
        assert message["To"] == "ann@example.com"
        assert message["Subject"] == LETTER.subject
        assert message["Message-ID"] == LETTER.message_id
        assert message["Date"].datetime == NOW
        assert message["Auto-Submitted"] == "auto-generated"
        assert message.get_content_type() == "multipart/alternative"
        plain, html = message.iter_parts()
        assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
        assert text_of(plain) == LETTER.text
        assert text_of(html) == LETTER.html
        received.raw.decode("ascii")


async def test_attachments_travel_along_byte_for_byte() -> None:
    picture = bytes(range(256)) * 20
    letter = changed(
        attachments=(("call.ics", "text/calendar", b"BEGIN:VCALENDAR\r\n"), ("ü.png", "image/png", picture))
    )
    async with server_and_mail() as (server, mail):
        assert (await mail.send(letter)).outcome is Outcome.DONE
        calendar, image = server.letters[0].message.iter_attachments()
        assert (calendar.get_filename(), calendar.get_content_type()) == ("call.ics", "text/calendar")
        assert (image.get_filename(), image.get_content()) == ("ü.png", picture)


async def test_a_long_message_id_stays_whole() -> None:
    message_id = f"<{'receipt-' * 20}7@www.techheroes.xyz>"
    async with server_and_mail() as (server, mail):
        await mail.send(changed(message_id=message_id))
        assert message_id.encode() in server.letters[0].raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "subject",
    ["Hi\r\nBcc: eve@example.com", "Hi\nX-Evil: 1", "a\x00b\x0bc\x85d\u2028e", "\ud800", "x" * 3000],
)
async def test_a_subject_cannot_become_another_header(subject: str) -> None:
    async with server_and_mail() as (server, mail):
        assert (await mail.send(changed(subject=subject))).outcome is Outcome.DONE
        (received,) = server.letters
        assert received.recipients == ("ann@example.com",)
        assert received.message["Bcc"] is None
        assert received.message["X-Evil"] is None
        assert max(len(line) for line in received.raw.splitlines()) <= 998


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@example.com, eve@example.com",
        "ann@example.com,eve@example.com",
        "ann@example.com\r\nBcc: eve@example.com",
        "ann@example.com>\r\nRCPT TO:<eve@example.com",
        "ann@example.com> eve",
        "ann smith@example.com",
        "änn@example.com",
        "ann@exa\ud800mple.com",
        "ann@example..com",
        f"ann@{'x' * 300}.com",
    ],
)
async def test_what_is_no_single_address_is_never_sent(to: str) -> None:
    async with server_and_mail() as (server, mail):
        assert await mail.send(changed(to=to)) == Sent(Outcome.FAILED, LETTER.message_id, "bad_address")
        assert server.connections == 0


async def test_a_domain_in_any_script_is_sent_in_ascii() -> None:
    async with server_and_mail() as (server, mail):
        assert (await mail.send(changed(to="ann@bücher.example"))).outcome is Outcome.DONE
        assert server.letters[0].recipients == ("ann@xn--bcher-kva.example",)


async def test_a_text_that_cannot_be_encoded_is_sent_as_well_as_can_be() -> None:
    async with server_and_mail() as (server, mail):
        letter = changed(text="odd \ud800 text", html="<p>odd \ud800</p>")
        assert (await mail.send(letter)).outcome is Outcome.DONE
        assert len(server.letters) == 1


@pytest.mark.parametrize(
    ("phase", "answer", "outcome"),
    [
        ("MAIL", "550 5.7.1 sender", Outcome.FAILED),
        ("MAIL", "451 4.3.0 later", Outcome.RETRY),
        ("RCPT", "550 5.1.1 nobody", Outcome.FAILED),
        ("RCPT", "450 4.2.0 greylisted", Outcome.RETRY),
        ("DATA", "554 5.5.1 no", Outcome.FAILED),
        ("BODY", "554 5.6.0 rejected", Outcome.FAILED),
        ("BODY", "452 4.3.1 full", Outcome.RETRY),
        ("GREETING", "554 no service", Outcome.RETRY),
        ("GREETING", "421 busy", Outcome.RETRY),
    ],
)
async def test_what_the_server_answers_decides_the_outcome(phase: str, answer: str, outcome: Outcome) -> None:
    async with server_and_mail() as (server, mail):
        server.answers[phase] = answer
        assert await mail.send(LETTER) == Sent(outcome, LETTER.message_id, answer[:3])
        assert server.letters == []


@pytest.mark.parametrize("way", ["hangs_up_at", "is_silent_at"])
@pytest.mark.parametrize(
    ("phase", "outcome"),
    [
        ("GREETING", Outcome.RETRY),
        ("EHLO", Outcome.RETRY),
        ("MAIL", Outcome.RETRY),
        ("RCPT", Outcome.RETRY),
        ("BODY", Outcome.UNKNOWN),
        ("QUIT", Outcome.DONE),
    ],
)
async def test_a_lost_connection_is_unknown_only_once_the_letter_was_given(
    way: str, phase: str, outcome: Outcome
) -> None:
    async with SmtpStandIn() as server:
        mail = SmtpMail(url=server.url, sender="no-reply@example.com", timeout_s=0.3)
        setattr(server, way, phase)
        assert (await mail.send(LETTER)).outcome is outcome


async def test_a_server_that_is_away_is_tried_again() -> None:
    socket, port = bind_unused_port()
    socket.close()
    sent = await mail_to(f"smtp://127.0.0.1:{port}").send(LETTER)
    assert (sent.outcome, sent.reason) == (Outcome.RETRY, "SMTPConnectError")


async def test_user_and_password_are_decoded_and_kept_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with SmtpStandIn(user="ann@x", password="p/w:+%") as server:
        right = f"smtp://ann%40x:p%2Fw%3A%2B%25@127.0.0.1:{server.port}"
        assert (await mail_to(right).send(LETTER)).outcome is Outcome.DONE
        wrong = f"smtp://ann%40x:guess-me-not@127.0.0.1:{server.port}"
        assert await mail_to(wrong).send(LETTER) == Sent(Outcome.RETRY, LETTER.message_id, "535")
        assert len(server.letters) == 1
    assert "guess-me-not" not in caplog.text
    assert "p/w:+%" not in caplog.text


async def test_a_password_is_never_sent_over_an_open_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_mail, "LOOPBACK", ())
    async with SmtpStandIn(user="ann", password="secret") as server:
        sent = await mail_to(f"smtp://ann:secret@127.0.0.1:{server.port}").send(LETTER)
        assert sent.outcome is Outcome.RETRY
        assert server.connections == 1
        assert not any(command.startswith("AUTH") for command in server.commands)


async def test_a_letter_goes_through_tls_to_a_server_that_can_prove_its_name_or_is_next_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SmtpStandIn(user="ann", password="secret", tls=self_signed(tmp_path)) as server:
        url = f"smtps://ann:secret@127.0.0.1:{server.port}"
        assert (await mail_to(url).send(LETTER)).outcome is Outcome.DONE
        monkeypatch.setattr(smtp_mail, "LOOPBACK", ())
        assert (await mail_to(url).send(LETTER)).outcome is Outcome.RETRY
        assert len(server.letters) == 1


async def test_an_open_line_is_closed_to_others_before_the_password_where_the_server_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SmtpStandIn(user="ann", password="secret", starttls=self_signed(tmp_path)) as server:
        url = f"smtp://ann:secret@127.0.0.1:{server.port}"
        assert (await mail_to(url).send(LETTER)).outcome is Outcome.DONE
        verbs = [command.split()[0] for command in server.commands]
        assert verbs.index("STARTTLS") < verbs.index("AUTH")
        server.commands.clear()
        monkeypatch.setattr(smtp_mail, "LOOPBACK", ())
        # Whoever can not prove his name gets no password.
        assert (await mail_to(url).send(LETTER)).outcome is Outcome.RETRY
        assert not any(command.startswith("AUTH") for command in server.commands)
        assert len(server.letters) == 1


async def test_many_letters_at_once_all_arrive() -> None:
    async with server_and_mail() as (server, mail):
        letters = [changed(message_id=f"<{number}@x.example>") for number in range(20)]
        sent = await asyncio.gather(*(mail.send(letter) for letter in letters))
        assert {one.outcome for one in sent} == {Outcome.DONE}
        assert {letter.message["Message-ID"] for letter in server.letters} == {
            letter.message_id for letter in letters
        }


@pytest.mark.parametrize("url", ["", "http://mail.example", "smtp://", "mail.example:25"])
async def test_a_url_of_no_mail_server_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        SmtpMail(url=url, sender="a@b.example")


@pytest.mark.parametrize(
    ("region", "secret", "password"),
    [
        ("eu-central-1", "some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("eu-central-1", "another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
        ("us-west-1", "some+secret+key", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
    ],
)
def test_amazons_password_is_derived_as_amazon_documents_it(region: str, secret: str, password: str) -> None:
    parts = urlsplit(ses_smtp_url("AKIA+/EXAMPLE", secret, region))
    assert (parts.scheme, parts.hostname, parts.port) == (
        "smtps",
        f"email-smtp.{region}.amazonaws.com",
        465,
    )
    assert unquote(parts.username or "") == "AKIA+/EXAMPLE"
    assert unquote(parts.password or "") == password


async def test_simulated_letters_can_be_read_and_outlive_the_process(tmp_path: Path) -> None:
    mail = SimulatedMail(records=Records(tmp_path / "mail.sqlite"))
    letter = changed(attachments=(("call.ics", "text/calendar", b"\x00\xff"),))
    assert await mail.send(letter) == Sent(Outcome.DONE, letter.message_id)
    await mail.send(changed(to="bob@example.com", message_id="<2@x>"))
    again = SimulatedMail(records=Records(tmp_path / "mail.sqlite"))
    (kept,) = again.letters_to("Ann@Example.com")
    assert (kept["subject"], kept["text"], kept["html"]) == (letter.subject, letter.text, letter.html)
    assert kept["attachments"] == [["call.ics", "text/calendar", "AP8="]]
    assert [one["to"] for one in again.all_letters()] == ["ann@example.com", "bob@example.com"]


async def test_the_same_simulated_letter_twice_is_one_letter_with_two_copies() -> None:
    mail = SimulatedMail(records=Records())
    await mail.send(LETTER)
    await mail.send(LETTER)
    (kept,) = mail.all_letters()
    assert kept["copies"] == 2


@pytest.mark.parametrize(
    ("to", "outcome", "reason", "kept"),
    [
        ("ann@bounce.example", Outcome.FAILED, "550", 0),
        ("nobody", Outcome.FAILED, "550", 0),
        ("ann@busy.example", Outcome.RETRY, "451", 0),
        ("ann@lost.example", Outcome.UNKNOWN, "SMTPServerDisconnected", 1),
    ],
)
async def test_some_simulated_domains_fail_as_servers_do(
    to: str, outcome: Outcome, reason: str, kept: int
) -> None:
    mail = SimulatedMail(records=Records())
    assert await mail.send(changed(to=to)) == Sent(outcome, LETTER.message_id, reason)
    assert len(mail.letters_to(to)) == kept
