"""The outbox as staff see it, and sending again by hand: never a text twice whose outcome nobody knows."""

from __future__ import annotations

import pytest

from tests.booking_makers import World
from tests.clients.console import Browser, text_of
from tests.clients.http import Api
from tests.makers import make_person
from thserver.domain.outbox import OutboxState, ref_of
from thserver.domain.ports import Outcome, Sent
from thserver.gateways.simulated_carrier import SimulatedCarrier

KEY = "notice:1"


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


async def ended(world: World, monkeypatch: pytest.MonkeyPatch, sent: Sent, *, purpose: str = "notice") -> str:
    """A text that ended so. Its ref."""
    person = await make_person(world.services)
    assert person.phone is not None

    async def send_text(*args: object, **kwargs: object) -> Sent:
        return sent

    with monkeypatch.context() as patch:
        patch.setattr(world.services.practice.carrier, "send_text", send_text)
        if purpose == "code":
            await world.services.outbox.send_code(
                key=KEY, to=person.phone, body="1234", valid_for_s=60, person_id=person.id
            )
        else:
            await world.services.outbox.add_text(
                key=KEY, to=person.phone, person_id=person.id, body="Hello", purpose=purpose
            )
        await world.services.background.idle()
    return ref_of(KEY)


async def state(world: World) -> OutboxState:
    await world.services.background.idle()
    row = await world.database.outbox.get(KEY)
    assert row is not None
    return row.state


async def test_what_was_refused_is_shown_with_the_reason_and_sent_again(
    world: World, browser: Browser, carrier: SimulatedCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = await ended(world, monkeypatch, Sent(Outcome.FAILED, reason="30003"))
    answer = await browser.get("/console/outbox")
    words = text_of(answer)
    assert "Notice by text" in words
    assert "the phone is off or out of reach" in words
    row = await world.database.outbox.get(KEY)
    assert row is not None
    assert row.to not in answer.raw.decode()
    again = await browser.post("/console/outbox/again", ref=ref, state="failed")
    assert again.headers["Location"] == "/console/outbox?state=failed&said=on_its_way"
    assert await state(world) is OutboxState.DONE
    assert len(carrier.texts_to(row.to)) >= 1
    assert "It is being sent again" in text_of(await browser.get(again.headers["Location"]))
    [action] = (await world.services.staff_actions.page()).actions
    assert (action.action, action.subject) == ("send again", f"text {ref}")
    assert "Everything is through" in text_of(await browser.get("/console/outbox"))


async def test_a_text_in_doubt_is_asked_about_and_not_sent_twice(
    world: World, browser: Browser, carrier: SimulatedCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = await ended(world, monkeypatch, Sent(Outcome.UNKNOWN, reason="ReadTimeout"))
    row = await world.database.outbox.get(KEY)
    assert row is not None
    texts = len(carrier.texts_to(row.to))
    answer = await browser.post("/console/outbox/again", ref=ref)
    assert answer.headers["Location"].endswith("said=in_doubt")
    assert await state(world) is OutboxState.UNKNOWN
    assert len(carrier.texts_to(row.to)) == texts
    # Long enough ago that the phone company would list it, had it ever come.
    world.services.clock.advance(minutes=6)  # type: ignore[attr-defined]
    answer = await browser.post("/console/outbox/again", ref=ref)
    assert answer.headers["Location"].endswith("said=on_its_way")


async def test_a_code_is_not_sent_again_and_what_is_through_neither(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = await ended(world, monkeypatch, Sent(Outcome.FAILED, reason="30005"), purpose="code")
    assert "Send again" not in text_of(await browser.get("/console/outbox"))
    answer = await browser.post("/console/outbox/again", ref=ref)
    assert answer.headers["Location"].endswith("said=not_now")
    answer = await browser.post("/console/outbox/again", ref="0" * 32)
    assert answer.headers["Location"].endswith("said=not_found")
    assert await state(world) is OutboxState.FAILED


async def test_the_list_is_narrowed_by_state_and_kind(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ended(world, monkeypatch, Sent(Outcome.FAILED, reason="21211"))
    assert "Notice by text" in text_of(await browser.get("/console/outbox?state=failed&kind=text"))
    assert "Nothing fits" in text_of(await browser.get("/console/outbox?state=failed&kind=letter"))
    assert "Nothing fits" in text_of(await browser.get("/console/outbox?state=dead"))
    assert (await browser.get("/console/outbox?state=lost")).status == 400
