"""The simulated card company's own voice: its events, kept, and posted to our webhook signed as Stripe signs them."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any

from thserver.domain.ports import Clock
from thserver.gateways.certificates import public_certificates
from thserver.gateways.payment_events import signature_header
from thserver.gateways.simulated_records import Records

log = logging.getLogger(__name__)

TRIES = 3
PAUSE_S = 0.5
TIMEOUT_S = 5.0


class SimulatedWebhooks:
    """Events are always kept; they are posted when `is_on`. `url` may be set once the port is known."""

    def __init__(self, *, records: Records, clock: Clock, secret: str, url: str, is_on: bool) -> None:
        self._records = records
        self._clock = clock
        self._secret = secret
        self.url = url
        self.is_on = is_on
        self._under_way: set[asyncio.Task[bool]] = set()

    def tell(self, kind: str, thing: Mapping[str, Any]) -> dict[str, Any]:
        """Keep an event about this object, and post it without waiting for the answer."""
        event: dict[str, Any] = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": kind,
            "livemode": False,
            "created": int(self._clock.now().timestamp()),
            "data": {"object": dict(thing)},
        }
        self._records.put("events", event["id"], event)
        if self.is_on:
            task = asyncio.get_running_loop().create_task(self.post(event))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return event

    def events(self) -> list[dict[str, Any]]:
        return self._records.all("events")

    def signed(self, event: Mapping[str, Any]) -> tuple[bytes, str]:
        """The raw body of an event and the Stripe-Signature that it is sent with now."""
        body = json.dumps(event).encode()
        return body, signature_header(body, self._secret, self._clock.now())

    async def post(self, event: Mapping[str, Any]) -> bool:
        """Whether our webhook took the event, in a few tries."""
        # A fifth of the time of a start; most of them never post anything.
        import httpx

        verify = await public_certificates()
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=verify) as client:
            for number in range(1, TRIES + 1):
                body, signature = self.signed(event)
                try:
                    answer = await client.post(
                        self.url,
                        content=body,
                        headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
                    )
                    if answer.is_success:
                        return True
                    outcome = f"answered {answer.status_code}"
                except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                    outcome = type(error).__name__
                log.info("Simulated event %s, try %d: %s", event["id"], number, outcome)
                if number < TRIES:
                    await asyncio.sleep(PAUSE_S * number)
        return False

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        await self.settled()


def as_intent(intent: Mapping[str, Any]) -> dict[str, Any]:
    """A PaymentIntent as Stripe's events show it."""
    error = None
    if intent["status"] != "succeeded":
        is_plain = intent["reason"] == intent["code"]
        error = {
            "type": "card_error",
            "code": intent["code"],
            "decline_code": None if is_plain else intent["reason"],
        }
    return {
        "id": intent["id"],
        "object": "payment_intent",
        "amount": intent["amount"],
        "amount_received": intent["amount"] if intent["status"] == "succeeded" else 0,
        "currency": "usd",
        "customer": intent["customer"],
        "payment_method": intent["payment_method"],
        "description": intent["description"],
        "metadata": {**intent["metadata"], "charge_key": intent["key"]},
        "status": intent["status"],
        "last_payment_error": error,
        "livemode": False,
        "created": intent["created"],
    }


def as_charge(intent: Mapping[str, Any], *, refunded: int) -> dict[str, Any]:
    """The charge of a PaymentIntent as `charge.refunded` shows it."""
    return {
        "id": intent["id"].replace("pi_", "ch_", 1),
        "object": "charge",
        "payment_intent": intent["id"],
        "amount": intent["amount"],
        "amount_refunded": refunded,
        "refunded": refunded == intent["amount"],
        "currency": "usd",
        "customer": intent["customer"],
        "metadata": {**intent["metadata"], "charge_key": intent["key"]},
        "livemode": False,
        "created": intent["created"],
    }
