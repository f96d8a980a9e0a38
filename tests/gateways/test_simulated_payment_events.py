"""What the simulated card company tells of: signed as Stripe signs, read by Stripe's own library, posted until it is taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import stripe
import tornado.web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from tests.gateways.simulated_payments_makers import (
    NOW,
    SECRET,
    charge,
    company,
    customer_with,
)


async def test_its_signature_satisfies_the_official_library_and_comes_back_as_the_event() -> None:
    payments = company()
    who = await customer_with(payments)
    outcome = await charge(payments, who)
    (event,) = payments.webhooks.events()
    body, signature = payments.webhooks.signed(event)
    assert stripe.WebhookSignature.verify_header(body, signature, SECRET)
    read = payments.read_event(body, signature, NOW)
    assert read is not None
    assert (read.id, read.type, read.livemode) == (event["id"], "payment_intent.succeeded", False)
    assert read.object["id"] == outcome.charge_id
    assert read.object["metadata"] == {"booking": "7", "charge_key": "charge:7:1"}


async def test_it_reads_what_the_official_library_signed_and_nothing_else() -> None:
    payments = company()
    body = json.dumps(
        {
            "id": "evt_1",
            "type": "x",
            "livemode": False,
            "created": int(NOW.timestamp()),
            "data": {"object": {}},
        }
    )

    def signed(at: datetime, secret: str = SECRET) -> str:
        return stripe.WebhookSignature.generate_signature_header(body, secret, int(at.timestamp()))

    assert payments.read_event(body.encode(), signed(NOW), NOW) is not None
    good = signed(NOW)
    timestamp, signature = good.split(",v1=")
    bad = {
        None,
        "",
        "v1=" + signature,
        f"{timestamp},v0={signature}",
        f"{timestamp},v1=é",
        f"t={'9' * 6000},v1={signature}",
        signed(NOW, "whsec_other"),
        signed(NOW + timedelta(seconds=301)),
        signed(NOW - timedelta(seconds=301)),
    }
    for header in bad:
        assert payments.read_event(body.encode(), header, NOW) is None
    assert payments.read_event(b"\xff", good, NOW) is None
    assert payments.read_event(body.encode() + b" ", good, NOW) is None


class _Webhook(tornado.web.RequestHandler):
    def initialize(self, received: list[tuple[bytes, str]], answers: list[int]) -> None:
        self.received = received
        self.answers = answers

    def post(self) -> None:
        self.received.append((self.request.body, self.request.headers["Stripe-Signature"]))
        self.set_status(self.answers.pop(0) if self.answers else 200)


@asynccontextmanager
async def webhook(*answers: int) -> AsyncIterator[tuple[str, list[tuple[bytes, str]]]]:
    received: list[tuple[bytes, str]] = []
    socket, port = bind_unused_port()
    handler = (r"/payments/webhook", _Webhook, {"received": received, "answers": list(answers)})
    server = HTTPServer(tornado.web.Application([handler], log_function=lambda _: None))
    server.add_sockets([socket])
    yield f"http://127.0.0.1:{port}/payments/webhook", received
    server.stop()
    await server.close_all_connections()


async def test_switched_on_it_posts_each_event_signed_until_it_is_taken() -> None:
    async with webhook(503) as (url, received):
        payments = company(webhook_url=url, post_webhooks=True)
        who = await customer_with(payments)
        outcome = await charge(payments, who)
        assert received == []  # the charge did not wait for it
        await payments.webhooks.settled()
        events = [payments.read_event(body, signature, NOW) for body, signature in received]
        assert len(events) == 2
        assert events[0] == events[1]
        await payments.refund(outcome.charge_id or "", amount_in_cents=500, key="refund:1")
        payments.faults.decline_next = "lost_card"
        await charge(payments, who, key="charge:8:1")
        await payments.webhooks.settled()
        kinds = {json.loads(body)["type"] for body, _ in received}
        assert kinds == {"payment_intent.succeeded", "charge.refunded", "payment_intent.payment_failed"}
        await payments.close()


async def test_closing_does_not_wait_for_a_webhook_that_nobody_takes() -> None:
    payments = company(post_webhooks=True)
    await charge(payments, await customer_with(payments))
    async with asyncio.timeout(1):
        await payments.close()
