"""Whoever gets a webhook can tell that it is ours, also while a secret is exchanged, and as the documentation says."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.fakes.webhook_receiver import receiving
from tests.webhook_makers import log_of, register
from thserver.domain import webhooks as rules
from thserver.domain.errors import Invalid
from thserver.domain.webhooks import Endpoint
from thserver.sealing import Sealer


async def test_any_library_of_the_standard_verifies_a_delivery_and_nothing_forged(
    world: World, clock: FakeClock
) -> None:
    clock.set(datetime.now(UTC))
    async with receiving() as receiver:
        endpoint, secret = await register(world.services, receiver)
        await world.services.webhooks.send_sample(endpoint.id, "charge.refunded")
        await world.services.background.idle()
        [request] = receiver.requests
        verifier = Webhook(secret)
        assert verifier.verify(request.body, request.headers)["type"] == "charge.refunded"
        with pytest.raises(WebhookVerificationError):
            verifier.verify(request.body.replace(b"500", b"501"), request.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(rules.new_secret()).verify(request.body, request.headers)
        assert request.headers["webhook-version"] == rules.VERSION
        assert request.told["sample"] is True


async def test_after_a_rotation_both_secrets_verify_until_the_overlap_is_over(
    world: World, clock: FakeClock
) -> None:
    clock.set(datetime.now(UTC))
    services = world.services
    async with receiving() as receiver:
        endpoint, old = await register(services, receiver)
        rotated, new = await services.webhooks.rotate(endpoint.id, overlap=timedelta(minutes=2))
        assert secret_in(rotated) == []
        await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        both = receiver.requests[-1]
        for secret in (old, new):
            Webhook(secret).verify(both.body, both.headers)
        clock.advance(minutes=2)
        await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        last = receiver.requests[-1]
        Webhook(new).verify(last.body, last.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(old).verify(last.body, last.headers)
    with pytest.raises(Invalid):
        await services.webhooks.rotate(endpoint.id, overlap=timedelta(days=8))


def secret_in(endpoint: Endpoint) -> list[bytes]:
    return [each.sealed for each in endpoint.secrets if b"whsec_" in each.sealed]


async def test_the_secret_is_kept_sealed(world: World) -> None:
    async with receiving() as receiver:
        _, secret = await register(world.services, receiver)
        found = await world.database.webhook_endpoints._collection.find_one({})
        assert secret.removeprefix("whsec_") not in str(found)


async def test_the_example_in_the_documentation_verifies(world: World, clock: FakeClock) -> None:
    clock.set(datetime.now(UTC))
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    example: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], example)
    async with receiving() as receiver:
        endpoint, secret = await register(world.services, receiver)
        await world.services.webhooks.send_sample(endpoint.id, "booking.moved")
        await world.services.background.idle()
        [request] = receiver.requests
        assert example["is_authentic"](secret, request.headers, request.body)
        assert not example["is_authentic"](secret, request.headers, request.body + b" ")
        assert not example["is_authentic"](rules.new_secret(), request.headers, request.body)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
async def test_the_example_for_javascript_verifies(world: World, clock: FakeClock, tmp_path: Path) -> None:
    clock.set(datetime.now(UTC))
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    example = tmp_path / "verify.mjs"
    example.write_text(
        page.partition("```javascript\n")[2].partition("```")[0]
        + "const [secret, headers, body] = process.argv.slice(2);\n"
        + "for (const extra of ['', ' '])\n"
        + "  console.log(isAuthentic(secret, JSON.parse(headers), Buffer.from(body + extra)));\n"
    )
    async with receiving() as receiver:
        endpoint, secret = await register(world.services, receiver)
        await world.services.webhooks.send_sample(endpoint.id, "conference.left")
        await world.services.background.idle()
        [request] = receiver.requests
        words = ["node", str(example), secret, json.dumps(request.headers), request.body.decode()]
        node = await asyncio.to_thread(subprocess.run, words, stdout=subprocess.PIPE, check=True)
        assert node.stdout.split() == [b"true", b"false"]


async def test_under_another_secret_key_nothing_is_sent_unsigned(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        other = Sealer("another-secret-key").seal("whsec_AAAA")
        found = await world.database.webhook_endpoints.rotate(
            endpoint, (rules.Secret(sealed=other),), now=services.clock.now()
        )
        assert found is not None
        await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        assert receiver.requests == []
        [delivery] = await log_of(services)
        assert [each.error for each in delivery.tries] == ["secret_unreadable"]
