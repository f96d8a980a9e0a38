"""Stripe's signed events: only what is authentic and fresh is read."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from tests.gateways.stripe_makers import NOW, SECRET
from thserver.gateways.stripe_payments import StripePayments


def an_event(**changes: Any) -> str:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "created": int(NOW.timestamp()),
        "data": {"object": {"id": "pi_1", "amount": 2500, "description": "Grüße"}},
    }
    return json.dumps({**event, **changes}, ensure_ascii=False)


def signed(body: str, *, secret: str = SECRET, at: datetime = NOW) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, secret, int(at.timestamp()))


@asynccontextmanager
async def reader(*secrets: str) -> AsyncIterator[StripePayments]:
    payments = StripePayments(
        secret_key="sk_test_x", publishable_key="pk_test_x", webhook_secrets=secrets or (SECRET, "whsec_two")
    )
    yield payments
    await payments.close()


async def test_an_event_signed_with_either_secret_within_five_minutes_is_read() -> None:
    body = an_event()
    async with reader() as payments:
        for secret in (SECRET, "whsec_two"):
            for age in (-300, 0, 300):
                at = NOW + timedelta(seconds=age)
                event = payments.read_event(body.encode(), signed(body, secret=secret, at=at), NOW)
                assert event is not None
                assert (event.id, event.type, event.livemode) == ("evt_1", "payment_intent.succeeded", False)
                assert event.created == NOW
                assert event.object["description"] == "Grüße"
        two = signed(body) + ",v1=" + "0" * 64 + ",v0=abc"
        assert payments.read_event(body.encode(), two, NOW) is not None


def _forged() -> dict[str, tuple[bytes, str | None]]:
    body = an_event()
    good = signed(body)
    timestamp, signature = good.split(",v1=")
    later = NOW + timedelta(seconds=301)
    cases: dict[str, tuple[bytes, str | None]] = {
        "no header": (body.encode(), None),
        "empty header": (body.encode(), ""),
        "wrong secret": (body.encode(), signed(body, secret="whsec_other")),
        "301 s old": (body.encode(), signed(body, at=NOW - timedelta(seconds=301))),
        "301 s ahead": (body.encode(), signed(body, at=later)),
        "a day ahead": (body.encode(), signed(body, at=NOW + timedelta(days=1))),
        "only v0": (body.encode(), f"{timestamp},v0={signature}"),
        "non-ASCII v1": (body.encode(), f"{timestamp},v1=é"),
        "no timestamp": (body.encode(), f"v1={signature}"),
        "other timestamp": (body.encode(), f"t=1,v1={signature}"),
        "huge timestamp": (body.encode(), f"t={'9' * 6000},v1={signature}"),
        "another body": (json.dumps(json.loads(body), indent=1).encode(), good),
        "invalid UTF-8": (b"\xff" + body.encode(), good),
        "10 KB of commas": (body.encode(), "," * 10_000),
    }
    for name, text in {
        "not JSON": "{",
        "a list": "[]",
        "null": "null",
        "no data": '{"id": "evt_1"}',
        "deeply nested": "[" * 100_000,
        "number for id": an_event(id=7),
        "text for livemode": an_event(livemode="false"),
        "true for created": an_event(created=True),
        "created beyond time": an_event(created=10**18),
        "list for object": an_event(data={"object": []}),
    }.items():
        cases[name] = (text.encode(), signed(text))
    return cases


@pytest.mark.parametrize("case", _forged())
async def test_nothing_else_is_read_and_nothing_is_raised(case: str) -> None:
    body, header = _forged()[case]
    async with reader() as payments:
        assert payments.read_event(body, header, NOW) is None


async def test_without_a_secret_nothing_is_authentic() -> None:
    body = an_event()
    async with reader("") as payments:
        assert payments.read_event(body.encode(), signed(body, secret=""), NOW) is None


async def test_the_age_of_an_event_is_judged_by_our_clock_alone() -> None:
    body = an_event()
    long_ago = datetime.fromtimestamp(time.time() - 10_000_000, UTC)
    async with reader() as payments:
        assert payments.read_event(body.encode(), signed(body, at=long_ago), long_ago) is not None
