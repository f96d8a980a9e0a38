"""Carrying webhooks: to public addresses only, whatever a name resolves to, and unmoved by hostile answers."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.fakes.webhook_receiver import receiving
from thserver.gateways.webhook_addresses import is_public
from thserver.gateways.webhook_sender import HttpWebhookSender


class Names:
    """A resolver that says what a test says, and what it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.addresses


def sender(
    *addresses: str,
    allow_loopback: bool = False,
    timeout_s: float = 5,
    tls: ssl.SSLContext | None = None,
) -> HttpWebhookSender:
    return HttpWebhookSender(
        allow_loopback=allow_loopback,
        resolver=Names(*addresses),
        timeout_s=timeout_s,
        tls=tls or ssl.create_default_context(),
    )


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1", "::7f00:1", "not-an-address", "",
    ],
)  # fmt: skip
def test_what_is_not_of_the_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808"])
def test_what_is_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://example.com/", "not_https"),
        ("ftp://example.com/", "not_https"),
        ("https://user:secret@example.com/", "not_a_url"),
        ("https://", "not_a_url"),
        ("https://example.com:0/", "not_a_url"),
        ("https://example.com:99999/", "not_a_url"),
        ("https://exa mple.com/", "not_a_url"),
        ("https://example.com/\r\nX: y", "not_a_url"),
        ("https://example.com/" + 2000 * "a", "not_a_url"),
        ("nonsense", "not_a_url"),
        ("https://xn--a.com/hooks", "not_a_url"),
        ("https://example.com/hooks", None),
        ("https://[2606:2800:220:1::1]:8443/hooks?x=1", None),
    ],
)
async def test_only_plain_https_addresses_are_taken(url: str, problem: str | None) -> None:
    assert await sender("8.8.8.8").problem_with(url) == problem


async def test_a_name_with_one_private_address_is_refused() -> None:
    assert await sender("8.8.8.8", "10.0.0.1").problem_with("https://example.com/") == "not_public"
    assert await sender().problem_with("https://example.com/") == "unknown_host"


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "017700000001"])
async def test_this_machine_is_refused_however_it_is_spelt(host: str) -> None:
    problem = await HttpWebhookSender(allow_loopback=False).problem_with(f"https://{host}/")
    assert problem in ("not_public", "unknown_host", "not_a_url")


async def test_development_may_call_this_machine_and_no_other_of_the_network() -> None:
    assert await sender("127.0.0.1", allow_loopback=True).problem_with("http://localhost:1234/") is None
    assert await sender("10.0.0.1", allow_loopback=True).problem_with("https://inside/") == "not_public"
    assert await sender("8.8.8.8", allow_loopback=True).problem_with("http://example.com/") == "not_public"


async def test_a_name_that_is_private_by_the_time_of_sending_is_refused() -> None:
    async with receiving() as receiver:
        names = Names("8.8.8.8")
        carrying = HttpWebhookSender(allow_loopback=False, resolver=names, tls=ssl.create_default_context())
        url = f"https://rebound.example:{receiver.port}/"
        assert await carrying.problem_with(url) is None
        names.addresses = ["127.0.0.1"]
        answer = await carrying.post(url, headers={}, body=b"{}")
        assert (answer.status, answer.error) == (None, "not_public")
        assert receiver.requests == []


async def test_the_connection_goes_to_the_address_that_was_judged_under_the_hosts_own_name() -> None:
    async with receiving() as receiver:
        carrying = sender("127.0.0.1", allow_loopback=True)
        answer = await carrying.post(
            f"http://no-such-host.example:{receiver.port}/in?a=b", headers={"X-One": "1"}, body=b"{}"
        )
        await carrying.close()
        assert (answer.status, answer.body) == (200, "noted")
        [request] = receiver.requests
        assert request.path == "/in?a=b"
        assert request.headers["host"] == f"no-such-host.example:{receiver.port}"
        assert request.headers["x-one"] == "1"


async def test_redirects_are_not_followed() -> None:
    async with receiving() as receiver, receiving() as other:
        receiver.answers.append(
            f"HTTP/1.1 302 F\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        answer = await sender("127.0.0.1", allow_loopback=True).post(receiver.url, headers={}, body=b"{}")
        assert (answer.status, answer.error, answer.is_success) == (302, "redirect", False)
        assert other.requests == []


async def test_of_a_huge_answer_only_the_beginning_is_read() -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 1000000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"\x00\xff<" + 60_000 * b"a")
            await writer.drain()

    async with receiving() as receiver:
        receiver.answers.append(flood)
        answer = await sender("127.0.0.1", allow_loopback=True, timeout_s=5).post(
            receiver.url, headers={}, body=b"{}"
        )
        assert (answer.status, len(answer.body)) == (500, 500)
        assert "\x00" not in answer.body
        assert answer.took_ms < 2000


async def test_who_never_answers_and_who_drips_his_headers_is_given_up() -> None:
    async def silence(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Drip: 1\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with receiving() as receiver:
        receiver.answers += [silence, drip]
        carrying = sender("127.0.0.1", allow_loopback=True, timeout_s=0.15)
        for _ in range(2):
            answer = await carrying.post(receiver.url, headers={}, body=b"{}")
            assert (answer.status, answer.error) == (None, "timeout")


async def test_a_success_stays_one_though_the_rest_never_comes() -> None:
    async with receiving() as receiver:
        receiver.answers.append(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nwell")
        answer = await sender("127.0.0.1", allow_loopback=True).post(receiver.url, headers={}, body=b"{}")
        assert (answer.status, answer.body, answer.error) == (200, "well", None)


@pytest.mark.parametrize(
    "nonsense", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n", 300_000 * b"H"]
)
async def test_what_is_no_http_is_no_answer(nonsense: bytes) -> None:
    async with receiving() as receiver:
        receiver.answers.append(nonsense)
        answer = await sender("127.0.0.1", allow_loopback=True).post(receiver.url, headers={}, body=b"{}")
        assert (answer.status, answer.error) == (None, "no_http")


async def test_nobody_listening_is_no_connection() -> None:
    async with receiving() as receiver:
        assert receiver.port
    answer = await sender("127.0.0.1", allow_loopback=True).post(receiver.url, headers={}, body=b"{}")
    assert (answer.status, answer.error) == (None, "no_connection")


def certificate_for(host: str, folder: Path) -> Path:
    """A file with a key and a certificate of its own for this host."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(("host", "error"), [("hooks.example", None), ("other.example", "tls")])
async def test_a_certificate_must_be_for_the_hosts_name(host: str, error: str | None, tmp_path: Path) -> None:
    path = certificate_for("hooks.example", tmp_path)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(path)
    ours = ssl.create_default_context(cafile=str(path))
    async with receiving(tls=theirs) as receiver:
        answer = await sender("127.0.0.1", allow_loopback=True, tls=ours).post(
            f"https://{host}:{receiver.port}/hooks", headers={}, body=b"{}"
        )
        assert answer.error == error
        assert len(receiver.requests) == (0 if error else 1)
