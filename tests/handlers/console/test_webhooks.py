"""Webhooks as staff see them: registered with the secret shown once, tried, disabled, and sent again."""

from __future__ import annotations

import re

import pytest

from tests.booking_makers import World
from tests.clients.console import Browser, text_of
from tests.clients.http import Api
from tests.fakes.webhook_receiver import receiving
from thserver.domain.webhooks import LogQuery


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


async def test_an_endpoint_is_registered_tried_and_disabled_on_the_page(
    world: World, browser: Browser
) -> None:
    services = world.services
    assert "Nobody is told anything yet" in text_of(await browser.get("/console/webhooks"))
    async with receiving() as receiver:
        receiver.answers.append(500)
        made = await browser.post(
            "/console/webhooks/register", url=receiver.url, event="*", description="Till"
        )
        found = re.search(r"whsec_[A-Za-z0-9+/=]+", made.raw.decode())
        assert found
        [endpoint] = await services.webhooks.all()
        assert (endpoint.events, endpoint.description, endpoint.creator_id) == (("*",), "Till", None)
        sampled = await browser.post("/console/webhooks/endpoint", endpoint=endpoint.id, act="sample")
        await services.background.idle()
        page = await browser.get(sampled.headers["Location"])
        for words in ("A sample is on its way", "answered 500", "waiting", "everything"):
            assert words in text_of(page)
        assert found[0] not in page.raw.decode()
        [delivery] = (await services.webhook_deliveries.page(LogQuery(), skip=0, limit=10)).deliveries
        path = f"/console/webhooks/deliveries/{delivery.id}"
        again = await browser.post(f"{path}/replay")
        await services.background.idle()
        one = text_of(await browser.get(again.headers["Location"]))
        assert "answered 200" in one
        assert "booking.agreed" in one
        rotated = await browser.post("/console/webhooks/endpoint", endpoint=endpoint.id, act="rotate")
        fresh = re.search(r"whsec_[A-Za-z0-9+/=]+", rotated.raw.decode())
        assert fresh
        assert fresh[0] != found[0]
        await browser.post("/console/webhooks/endpoint", endpoint=endpoint.id, act="disable")
        assert "by hand" in text_of(await browser.get("/console/webhooks"))
        refused = await browser.post(f"{path}/replay")
        assert "can not be done now" in text_of(await browser.get(refused.headers["Location"]))
        await browser.post("/console/webhooks/endpoint", endpoint=endpoint.id, act="enable")
        await browser.post("/console/webhooks/endpoint", endpoint=endpoint.id, act="delete")
        gone = await browser.post("/console/webhooks/endpoint", endpoint=endpoint.id, act="enable")
        assert "no such thing any more" in text_of(await browser.get(gone.headers["Location"]))
    actions = {each.action for each in (await services.staff_actions.page()).actions}
    assert actions == {"register webhook endpoint", "replay webhook"} | {
        f"{act} webhook endpoint" for act in ("sample", "rotate", "disable", "enable", "delete")
    }


async def test_what_is_wrong_with_a_new_endpoint_is_said_beside_its_field(
    world: World, browser: Browser
) -> None:
    answer = await browser.post("/console/webhooks/register", url="https://10.0.0.1/<b>", event="*")
    assert answer.status == 400
    assert "must lead to a public address" in text_of(answer)
    assert "<b>" not in answer.raw.decode()
    answer = await browser.post("/console/webhooks/register", url="http://127.0.0.1/")
    assert "Choose at least one event" in text_of(answer)
    assert await world.services.webhooks.all() == []
