"""Only what the phone company signed is let in, whatever the sender says about himself."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any
from urllib.parse import urlencode

import pytest
from prometheus_client import REGISTRY

from handlers.phone.signature import is_hashed, is_signed, url_forms
from store.database import Database
from tests.clients.phone_company import FORM, PhoneCompany
from thserver.services.all import Services

P = {
    "CallSid": ["CA1234567890ABCDE"],
    "Caller": ["+14158675309"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
}
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_URL = (
    "https://mycompany.com/myapp.php?foo=1&bar=2"
    "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
)
TEXT = {"MessageSid": "SM" + "1" * 32, "From": "+12025550123", "To": "+12025550199", "Body": "hello"}


@pytest.fixture
def phone_company(base_url: str, services: Services) -> PhoneCompany:
    return PhoneCompany(base_url, services.carrier.account_id, services.carrier.auth_tokens[0])


async def stored(database: Database) -> int:
    return int(await database.text_events._collection.count_documents({}))


def rejected(reason: str) -> float:
    return REGISTRY.get_sample_value("webhook_rejected_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize(
    ("url", "params", "signature"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", P, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", P, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com:80/myapp.php?foo=1&bar=2", P, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", P, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            {"Sid": ["CA123"], "SidAccount": ["AC123"], "Digits": ["5678", "1234", "1234"]},
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
        (
            "https://example.com/myapp.php?foo=1&bar=2",
            {**P, "Caller": ["+14158675310"], "From": ["+14158675310"]},
            "L/OH5YylLD5NRKLltdqwSvS0BnU=",
        ),
        (JSON_URL, {}, "a9nBmqA0ju/hNViExpshrM61xv4="),
    ],
)
def test_the_phone_companys_own_examples_are_authentic(
    url: str, params: dict[str, list[str]], signature: str
) -> None:
    assert is_signed(url, params, signature, tokens=["other", "12345"])
    assert not is_signed(url, params, signature, tokens=["other"])
    assert not is_signed(url, {**params, "Digits": ["9"]}, signature, tokens=["12345"])
    assert not is_signed(url + "1", params, signature, tokens=["12345"])


def test_a_configured_url_may_be_signed_with_or_without_its_port() -> None:
    assert url_forms("https://mycompany.com/x") == ("https://mycompany.com/x", "https://mycompany.com:443/x")
    assert url_forms("https://mycompany.com:8443/x") == (
        "https://mycompany.com/x",
        "https://mycompany.com:8443/x",
    )
    assert url_forms("http://[::1]:8888/x") == ("http://[::1]/x", "http://[::1]:8888/x")
    assert url_forms("http://[::1]/x") == ("http://[::1]/x", "http://[::1]:80/x")


def test_a_body_that_is_no_form_is_covered_by_its_hash() -> None:
    assert is_hashed(JSON_URL, JSON_BODY)
    assert not is_hashed(JSON_URL, JSON_BODY + b" ")
    assert not is_hashed("https://mycompany.com/myapp.php", JSON_BODY)
    assert not is_hashed(JSON_URL + "&bodySHA256=00", JSON_BODY)


async def test_a_signed_text_is_taken(phone_company: PhoneCompany, database: Database) -> None:
    answer = await phone_company.post("/phone/text", TEXT)
    assert answer.code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert await stored(database) == 1


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        ("", "unsigned"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "signature"),
        ("\u00fc\u00e9", "signature"),
        ("A" * 10_000, "signature"),
    ],
)
async def test_a_bad_signature_is_refused_and_leaves_nothing(
    phone_company: PhoneCompany, database: Database, signature: str, reason: str
) -> None:
    before = rejected(reason)
    answer = await phone_company.post("/phone/text", TEXT, signature=signature)
    assert (answer.code, answer.body) == (403, b"")
    assert await stored(database) == 0
    assert rejected(reason) == before + 1


async def test_a_missing_signature_is_refused(phone_company: PhoneCompany, database: Database) -> None:
    answer = await phone_company.send("/phone/text", urlencode(TEXT).encode(), {"Content-Type": FORM})
    assert (answer.code, answer.body) == (403, b"")
    assert await stored(database) == 0


async def test_another_accounts_token_or_name_is_refused(
    phone_company: PhoneCompany, base_url: str, database: Database
) -> None:
    stranger = PhoneCompany(base_url, phone_company.account_id, "another-accounts-token")
    assert (await stranger.post("/phone/text", TEXT)).code == 403
    impostor = PhoneCompany(base_url, "ACsomebodyelse", phone_company.token)
    assert (await impostor.post("/phone/text", TEXT)).code == 403
    twice = [*TEXT.items(), ("AccountSid", "ACsomebodyelse")]
    assert (await phone_company.post("/phone/text", twice)).code == 403
    assert await stored(database) == 0


async def test_every_accepted_token_counts_while_they_are_rotated(
    phone_company: PhoneCompany, services: Services
) -> None:
    services.carrier.auth_tokens = ("new-token", phone_company.token)
    assert (await phone_company.post("/phone/text", TEXT)).code == 200
    services.carrier.auth_tokens = ("new-token",)
    assert (await phone_company.post("/phone/text", TEXT)).code == 403


async def test_what_the_sender_says_of_his_host_is_nothing_to_us(phone_company: PhoneCompany) -> None:
    lies = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.9",
    }
    assert (await phone_company.post("/phone/text", TEXT, headers=lies)).code == 200
    for url in ("http://evil.example/phone/text", "https://evil.example/phone/text"):
        assert (await phone_company.post("/phone/text", TEXT, signed_url=url, headers=lies)).code == 403


async def test_only_the_exact_public_url_is_signed_for(phone_company: PhoneCompany, base_url: str) -> None:
    host = base_url.removeprefix("http://")
    for url in (
        f"https://{host}/phone/text",
        f"{base_url}/phone/text/",
        f"{base_url}/phone/Text",
        f"{base_url}/phone/text?a=1",
        f"{base_url}/phone/voice",
    ):
        assert (await phone_company.post("/phone/text", TEXT, signed_url=url)).code == 403, url
    without_port = base_url.rpartition(":")[0]
    assert (
        await phone_company.post("/phone/text", TEXT, signed_url=f"{without_port}/phone/text")
    ).code == 200


async def test_parameters_are_signed_and_kept_byte_for_byte(
    phone_company: PhoneCompany, database: Database
) -> None:
    sent = [
        ("MessageSid", "SM" + "2" * 32),
        ("From", "+12025550123"),
        ("Body", "  spaced \x07 \x00 \U0001f600 \u202eright to left\t"),
        ("Blank", ""),
        ("Unknown\u00e9$.name", "kept"),
        ("Repeated", "b"),
        ("Repeated", "a"),
        ("Repeated", "a"),
    ]
    answer = await phone_company.post("/phone/text", sent)
    assert answer.code == 200
    event = await database.text_events.get("SM" + "2" * 32, "received")
    assert event is not None
    assert event.posted == {
        "MessageSid": ["SM" + "2" * 32],
        "From": ["+12025550123"],
        "Body": ["  spaced \x07 \x00 \U0001f600 \u202eright to left\t"],
        "Blank": [""],
        "Unknown\u00e9$.name": ["kept"],
        "Repeated": ["b", "a", "a"],
        "AccountSid": [phone_company.account_id],
    }


async def test_a_json_webhook_needs_the_right_hash_of_its_body(
    phone_company: PhoneCompany, database: Database
) -> None:
    async def send(body: bytes, hash_: str | None) -> int:
        path = "/phone/text" + (f"?bodySHA256={hash_}" if hash_ is not None else "")
        headers = {
            "Content-Type": "application/json",
            "X-Twilio-Signature": phone_company.signature(phone_company.base_url + path, []),
        }
        return (await phone_company.send(path, body, headers)).code

    right = hashlib.sha256(JSON_BODY).hexdigest()
    assert await send(JSON_BODY, right) == 200
    before = await stored(database)
    assert await send(JSON_BODY.replace(b"value", b"Value"), right) == 403
    assert await send(JSON_BODY, None) == 403
    assert await send(JSON_BODY, "\u00e9".encode().hex()) == 403
    bad = b'{"property": "\xff"}'
    assert await send(bad, hashlib.sha256(bad).hexdigest()) == 403
    assert await stored(database) == before


async def test_bytes_that_are_no_text_are_refused(phone_company: PhoneCompany, database: Database) -> None:
    for body in (b"MessageSid=SM1&Body=%ff%fe", b"MessageSid=SM1&%ff=1", b"Body=\xff\xfe"):
        headers = {"Content-Type": FORM, "X-Twilio-Signature": "x"}
        answer = await phone_company.send("/phone/text", body, headers)
        assert (answer.code, answer.body) == (403, b""), body
    assert await stored(database) == 0


async def test_a_wrong_method_a_huge_body_and_other_junk_are_refused(
    phone_company: PhoneCompany, database: Database
) -> None:
    headers = {"Content-Type": FORM, "X-Twilio-Signature": "x"}
    assert (await phone_company.send("/phone/text", None, {}, method="GET")).code == 405
    huge = b"Body=" + b"a" * (64 * 1024 - 4)
    answer = await phone_company.send("/phone/text", huge, headers)
    assert (answer.code, answer.body) == (413, b"")
    largest = huge[: 64 * 1024]
    assert (await phone_company.send("/phone/text", largest, headers)).code == 403
    zipped = {**headers, "Content-Encoding": "gzip"}
    assert (await phone_company.send("/phone/text", gzip.compress(b"Body=a"), zipped)).code == 400
    as_json = {**zipped, "Content-Type": "application/json"}
    assert (await phone_company.send("/phone/text", gzip.compress(b"{}"), as_json)).code == 400
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="p%d"\r\n\r\nv\r\n' % number for number in range(1000)
    )
    multipart = {**headers, "Content-Type": "multipart/form-data; boundary=x"}
    for body in (parts + b"--x--\r\n", b"junk"):
        assert (await phone_company.send("/phone/text", body, multipart)).code == 400
    assert await stored(database) == 0


async def test_a_percent_sign_that_encodes_nothing_is_taken_as_it_stands(phone_company: PhoneCompany) -> None:
    pairs = [("MessageSid", "SM" + "3" * 32), ("Body", "100%zz")]
    headers = {
        "Content-Type": FORM,
        "X-Twilio-Signature": phone_company.signature(f"{phone_company.base_url}/phone/text", pairs),
    }
    body = b"MessageSid=SM" + b"3" * 32 + b"&Body=100%zz"
    assert (await phone_company.send("/phone/text", body, headers)).code == 200


async def test_an_error_while_checking_is_a_refusal(
    phone_company: PhoneCompany, services: Services, database: Database, monkeypatch: Any
) -> None:
    monkeypatch.setattr(services.carrier, "auth_tokens", (None,))
    answer = await phone_company.post("/phone/text", TEXT)
    assert (answer.code, answer.body) == (403, b"")
    assert await stored(database) == 0


async def test_an_unknown_phone_path_is_not_found(phone_company: PhoneCompany) -> None:
    assert (await phone_company.post("/phone/nothing", TEXT)).code == 404
