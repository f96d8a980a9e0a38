"""The live rooms: what staff see of a call that is on, and what they do acts on the line and is written down."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from tests.clients.console import Browser, text_of
from tests.clients.http import Answer, Api
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import Booking
from thserver.domain.people import Person
from thserver.domain.ports import Outcome, Sent
from thserver.gateways.simulated_carrier import SimulatedCall, SimulatedCarrier


@dataclasses.dataclass
class Stage:
    """A call that is agreed and about to begin, and the browser of somebody who looks on."""

    world: World
    carrier: SimulatedCarrier
    browser: Browser
    guest: Person
    host: Person
    booking: Booking

    async def dial(self, person: Person) -> SimulatedCall:
        assert person.phone is not None
        call = await self.carrier.dial(person.phone)
        await call.until("joined")
        await self.told()
        return call

    async def told(self) -> None:
        await self.carrier.settled()
        await self.world.services.background.idle()

    async def rooms(self) -> dict[str, Any]:
        answer = await self.browser.get("/console/api/rooms")
        assert answer.status == 200
        return dict(answer.body)

    async def live(self) -> dict[str, Any]:
        (room,) = (await self.rooms())["live"]
        return dict(room)

    async def act(self, path: str, **fields: Any) -> Answer:
        sid = (await self.live())["conference_sid"]
        return await self.browser.post(f"/console/rooms/{sid}/{path}", **fields)

    async def actions(self) -> list[tuple[str, str, str | None]]:
        page = await self.world.services.staff_actions.page()
        return [(each.action, each.state.value, each.reason) for each in page.actions]


async def set_stage(world: World, clock: FakeClock, carrier: SimulatedCarrier, api: Api) -> Stage:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await make_agreed_booking(world, guest, hero)
    assert booking.starts is not None
    clock.set(booking.starts - timedelta(minutes=5))
    return Stage(world, carrier, Browser(api), guest, host, booking)


@pytest.fixture
def stage(io_loop: IOLoop, world: World, clock: FakeClock, carrier: SimulatedCarrier, api: Api) -> Stage:
    made: Stage = io_loop.run_sync(lambda: set_stage(world, clock, carrier, api))
    return made


async def test_who_is_there_since_when_and_who_is_awaited(stage: Stage, clock: FakeClock) -> None:
    rooms = await stage.rooms()
    assert rooms["live"] == []
    assert [each["name"] for each in rooms["expected"][0]["missing"]] == ["Tom Brady", "Cam Newton"]
    guest = await stage.dial(stage.guest)
    clock.advance(minutes=2)
    room = await stage.live()
    assert (room["booking_id"], room["host"], room["started"]) == (stage.booking.id, "Tom Brady", None)
    assert room["on_line"] == [
        {
            "call_sid": guest.sid,
            "person_id": stage.guest.id,
            "name": "Cam Newton",
            "number_ends": (stage.guest.phone or "")[-4:],
            "since": "2026-03-02T15:55:00Z",
            "muted": False,
        }
    ]
    assert [(each["name"], each["left"]) for each in room["missing"]] == [("Tom Brady", None)]
    page = text_of(await stage.browser.get("/console/rooms"))
    assert "Cam Newton" in page
    assert "here since 3:55 PM UTC" in page
    assert "Tom Brady host" in page
    assert "not here yet" in page
    assert (stage.guest.phone or "") not in page


async def test_who_left_and_why(stage: Stage, clock: FakeClock) -> None:
    await stage.dial(stage.guest)
    host = await stage.dial(stage.host)
    clock.advance(minutes=1)
    host.hang_up()
    await stage.told()
    (gone,) = (await stage.live())["missing"]
    assert (gone["name"], gone["why"], gone["left"]) == ("Tom Brady", "hung up", "2026-03-02T15:56:00Z")
    again = await stage.dial(stage.host)
    assert (await stage.live())["missing"] == []
    assert (await stage.act(f"participants/{again.sid}/remove")).status == 303
    await stage.told()
    (gone,) = (await stage.live())["missing"]
    assert gone["why"] == "was taken off the line"


async def test_muting_is_done_on_the_line_shown_and_undone(stage: Stage) -> None:
    call = await stage.dial(stage.guest)
    answer = await stage.act(f"participants/{call.sid}/mute")
    assert (answer.status, answer.headers["Location"]) == (303, "/console/rooms?done=mute")
    await call.until("muted")
    assert (await stage.live())["on_line"][0]["muted"] is True
    assert "Muted: the others hear nothing" in text_of(await stage.browser.get("/console/rooms?done=mute"))
    await stage.act(f"participants/{call.sid}/unmute")
    await call.until("unmuted")
    assert (await stage.live())["on_line"][0]["muted"] is False
    assert await stage.actions() == [("unmute", "done", None), ("mute", "done", None)]


async def test_ending_hangs_everybody_up(stage: Stage) -> None:
    calls = [await stage.dial(stage.guest), await stage.dial(stage.host)]
    assert (await stage.act("end")).status == 303
    for call in calls:
        await call.ended()
    await stage.told()
    rooms = await stage.rooms()
    assert rooms["live"] == []
    (ended,) = rooms["recent"]
    assert {each["why"] for each in ended["missing"]} == {"the call was ended"}
    assert (await stage.browser.post(f"/console/rooms/{ended['conference_sid']}/end")).status == 409
    assert await stage.actions() == [("end", "done", None)]


async def test_an_announcement_is_spoken_to_everybody(stage: Stage) -> None:
    calls = [await stage.dial(stage.guest), await stage.dial(stage.host)]
    await stage.act("announce", sentence="Five <minutes>\n left.")
    for call in calls:
        await call.until("said", text="This is a message from Tech Heroes.")
        await call.until("said", text="Five <minutes> left.")
    (action,) = (await stage.world.services.staff_actions.page()).actions
    assert action.details["sentence"] == "Five <minutes> left."
    for sentence in ("", " ", "x" * 301, "\u202e"):
        assert (await stage.act("announce", sentence=sentence)).status == 400
    assert len(await stage.actions()) == 1


async def test_only_the_phone_company_learns_what_is_announced_and_not_for_long(
    stage: Stage, clock: FakeClock
) -> None:
    await stage.dial(stage.guest)
    await stage.act("announce", sentence="Five minutes left.")
    await stage.told()
    live = stage.world.services.live_rooms
    token = live._announcement_token(1)
    assert await live.announcement(1, token) == "Five minutes left."
    assert (await stage.browser.post(f"/phone/announcements/1/{token}")).status == 403
    with pytest.raises(Exception, match="not_found"):
        await live.announcement(1, "0" * 32)
    clock.advance(minutes=11)
    with pytest.raises(Exception, match="not_found"):
        await live.announcement(1, token)


async def test_whoever_is_missing_is_called_told_why_and_let_in_when_he_presses_the_key(
    stage: Stage,
) -> None:
    await stage.dial(stage.guest)
    assert (await stage.act(f"call/{stage.host.id}")).status == 303
    phone = await stage.carrier.next_ring(stage.host.phone or "")
    (missing,) = (await stage.live())["missing"]
    assert missing["call"] == "phone is ringing"
    assert (await stage.act(f"call/{stage.host.id}")).status == 409
    assert stage.carrier.answer(phone)
    await phone.until("gather")
    assert phone.said == [
        "Hello Tom.",
        "This is Tech Heroes, about your call with Cam Newton, set for 10 AM. "
        "Cam Newton is on the line, waiting for you.",
        "To join now, press 1. If you cannot, just hang up.",
    ]
    phone.press("1")
    await phone.until("joined", room=stage.host.slug)
    await stage.told()
    room = await stage.live()
    assert {each["name"] for each in room["on_line"]} == {"Cam Newton", "Tom Brady"}
    assert room["started"] is not None
    assert (await stage.act(f"call/{stage.host.id}")).status == 409
    assert [each[:2] for each in await stage.actions()][-2:] == [("call", "refused"), ("call", "done")]
    phone.hang_up()
    await stage.told()
    (missing,) = (await stage.live())["missing"]
    assert (missing["why"], missing["call"]) == ("hung up", "")


async def test_whoever_has_texted_stop_is_not_called_until_he_texts_start(stage: Stage) -> None:
    await stage.dial(stage.guest)
    phone = stage.host.phone or ""
    await stage.carrier.text_from(phone, "STOP")
    answer = await stage.act(f"call/{stage.host.id}")
    assert answer.status == 409
    assert "has texted STOP" in answer.raw.decode()
    assert stage.carrier.ringing_for(phone) == []
    await stage.carrier.text_from(phone, "START")
    assert (await stage.act(f"call/{stage.host.id}")).status == 303


async def test_a_mailbox_never_gets_in(stage: Stage) -> None:
    await stage.dial(stage.guest)
    await stage.act(f"call/{stage.host.id}")
    phone = await stage.carrier.next_ring(stage.host.phone or "")
    stage.carrier.answer(phone)
    await phone.ended()
    await stage.told()
    assert phone.said.count("To join now, press 1. If you cannot, just hang up.") == 2
    assert phone.said[-1].startswith("We got no answer")
    room = await stage.live()
    assert [each["name"] for each in room["on_line"]] == ["Cam Newton"]
    assert room["missing"][0]["call"] == "hung up when called"


@pytest.mark.parametrize("declines", [True, False])
async def test_whoever_does_not_answer_can_be_called_again(stage: Stage, declines: bool) -> None:
    await stage.dial(stage.guest)
    await stage.act(f"call/{stage.host.id}")
    phone = await stage.carrier.next_ring(stage.host.phone or "")
    if declines:
        phone.hang_up()
    await phone.ended()
    await stage.told()
    words = "was busy, or declined" if declines else "did not answer when called"
    assert (await stage.live())["missing"][0]["call"] == words
    assert (await stage.act(f"call/{stage.host.id}")).status == 303


@pytest.mark.parametrize(
    ("outcome", "status", "state"),
    [
        (Outcome.FAILED, 424, "refused"),
        (Outcome.RETRY, 503, "refused"),
        (Outcome.UNKNOWN, 424, "unknown"),
    ],
)
async def test_what_the_carrier_does_not_do_is_said_and_recorded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, status: int, state: str
) -> None:
    async def place_call(*args: Any, **kwargs: Any) -> Sent:
        return Sent(outcome, reason="21215")

    await stage.dial(stage.guest)
    monkeypatch.setattr(stage.carrier, "place_call", place_call)
    assert (await stage.act(f"call/{stage.host.id}")).status == status
    assert (await stage.actions())[0][1] == state
    # Nobody is called twice while it is not known whether his phone rings.
    again = await stage.act(f"call/{stage.host.id}")
    assert again.status == (409 if outcome is Outcome.UNKNOWN else status)


async def test_what_is_not_there_cannot_be_acted_on(stage: Stage) -> None:
    call = await stage.dial(stage.guest)
    for path, status in (
        ("participants/CA00/mute", 404),
        ("participants/CA00/remove", 404),
        ("call/999999", 404),
        (f"call/{stage.guest.id}", 409),
    ):
        assert (await stage.act(path)).status == status
    assert (await stage.browser.post("/console/rooms/CF00/end")).status == 404
    assert await stage.actions() == []
    assert not call.is_over


async def test_a_script_gets_json_and_a_page_of_another_site_nothing(stage: Stage, app: Any) -> None:
    call = await stage.dial(stage.guest)
    sid = (await stage.live())["conference_sid"]
    path = f"/console/rooms/{sid}/participants/{call.sid}/mute"
    ours = {"Origin": app.settings["base_url"], "Accept": "application/json"}
    answer = await stage.browser.post(path, ours)
    assert (answer.status, list(answer.body)) == (200, ["detail"])
    assert (await stage.browser.post(path, {"Origin": "https://evil.example"})).status in (303, 403)
    assert (await stage.browser.post(path, {**ours, "Sec-Fetch-Site": "cross-site"})).status == 403
    app.settings["debug_mode"] = False
    assert (await stage.browser.post(path, ours)).status == 401
    assert len(await stage.actions()) == 1
