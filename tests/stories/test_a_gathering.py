"""Three people who have nothing but phones gather: one is sent away while on the line, the king leaves, the log agrees."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from store.database import Database
from tests.clients.gatherings import GatheringsClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.makers import texted_code
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services

ANN, BEN, CAT = "+13125550141", "+12025550142", "+442079460143"
GONE = "You have no call at this time."


class Story:
    def __init__(self, services: Services, carrier: SimulatedCarrier, api: Api) -> None:
        self.services, self.carrier, self.api = services, carrier, api

    async def sign_up(self, phone: str, name: str) -> tuple[GatheringsClient, int]:
        app = GatheringsClient(self.api)
        answer = await app("POST", "/auth/code/", {"phone": phone}, expect=201)
        assert answer.body == {"is_new": True}
        return app, await app.sign_up(phone, name, code=texted_code(self.services, phone))

    async def quiet(self) -> None:
        """Everything that was said and told has arrived."""
        for _ in range(3):
            await self.carrier.settled()
            await self.services.background.idle()

    def texts(self, phone: str, about: str) -> list[str]:
        return [text["body"] for text in self.carrier.texts_to(phone) if about in text["body"]]

    async def conferences(self, app: GatheringsClient) -> list[dict[str, Any]]:
        """What contract heroes shows to the same person."""
        heroes = HeroesClient(self.api, app.token)
        page = (await heroes("GET", "/conferences/")).body
        return [(await heroes("GET", f"/conferences/{each['sid']}")).body for each in page["results"]]


def log_of(conference: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["user"], entry["action"]) for entry in conference["logs"]]


async def test_three_gather_one_is_sent_away_the_king_leaves_and_the_log_agrees(
    services: Services,
    database: Database,
    clock: FakeClock,
    carrier: SimulatedCarrier,
    api: Api,
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(services.codes, "_countries", frozenset({"US", "GB"}))
    story = Story(services, carrier, api)
    ann, ann_id = await story.sign_up(ANN, "Ann Lee")
    assert (await ann("PUT", "/contacts/", {"names": ["Ben", "Cat"], "phones": [BEN, CAT]})).body == []
    ben, ben_id = await story.sign_up(BEN, "Ben Roy")
    cat, cat_id = await story.sign_up(CAT, "Cat Fox")

    # Ann finds the others among her contacts, and gathers them for in an hour.
    users = [each["id"] for each in (await ann("GET", "/contacts/")).body]
    assert users == [ben_id, cat_id]
    starts = clock.now() + timedelta(hours=1)
    meeting = (await ann.gather("Board games", users=users, time=starts)).body
    path = f"/meetings/{meeting['id']}/"
    await story.quiet()
    (invitation,) = story.texts(CAT, "invites you")
    assert invitation.startswith(
        'Ann Lee invites you to "Board games" at 4:00 PM GMT (Mon Mar 2). Dial +1 202-555-0100. PIN '
    )
    assert story.texts(ANN, "invites you") == []
    clock.set(starts - timedelta(minutes=15))
    assert await services.reminders.send_due() == 3
    await story.quiet()
    assert [len(story.texts(phone, "starts at")) for phone in (ANN, BEN, CAT)] == [1, 1, 1]

    # All three dial in, Cat from a hidden number with her PIN.
    clock.set(starts)
    by_ann = await carrier.dial(ANN)
    await by_ann.until("joined", room="ann-lee")
    assert by_ann.said[1] == (
        "You are meeting Ben Roy and Cat Fox. Nobody else is here yet. Please stay on the line."
    )
    await story.quiet()
    clock.advance(seconds=10)
    by_ben = await carrier.dial(BEN)
    await by_ben.until("joined", room="ann-lee")
    await story.quiet()
    clock.advance(seconds=10)
    by_cat = await carrier.dial(None)
    await by_cat.until("gather")
    pin = re.search(r"PIN (\d{6})", story.texts(CAT, "starts at")[0])
    assert pin is not None
    assert pin[1] in invitation
    by_cat.press(f"{pin[1]}#")
    await by_cat.until("joined", room="ann-lee")
    assert by_cat.said[-1] == "Ann Lee and Ben Roy are on the line already."
    await story.quiet()

    # Ben is sent away while on the line, and neither his number nor his PIN opens the room again.
    clock.advance(minutes=5)
    assert (await ann.exclude(meeting["id"], ben_id)).body["users"] == [ann_id, cat_id]
    await by_ben.until("left", room="ann-lee")
    await by_ben.ended()
    await story.quiet()
    again = await carrier.dial(BEN)
    await again.ended()
    assert any(said.startswith(GONE) for said in again.said)
    with_pin = await carrier.dial(None)
    await with_pin.until("gather")
    bens_pin = re.search(r"PIN (\d{6})", story.texts(BEN, "starts at")[0])
    assert bens_pin is not None
    with_pin.press(f"{bens_pin[1]}#")
    await with_pin.until("gather")
    assert not any(event["event"] == "joined" for event in with_pin.transcript)
    with_pin.hang_up()
    await ben("GET", path, expect=404)

    # The king leaves in the middle of the call: she is off the line, Cat is queen, the room keeps its name.
    clock.advance(minutes=5)
    await ann("DELETE", path, expect=204)
    await by_ann.until("left", room="ann-lee")
    await by_ann.ended()
    await story.quiet()
    assert not by_cat.is_over
    shown = (await cat("GET", path)).body
    assert (shown["king"], shown["users"]) == (cat_id, [cat_id])
    kept = await database.bookings.get(meeting["id"])
    assert kept is not None
    assert kept.room == "ann-lee"
    clock.advance(minutes=1)
    by_cat.hang_up()
    await story.quiet()

    # The log is the same for all who were there, in the contract that shows conferences.
    (conference,) = await story.conferences(cat)
    assert log_of(conference) == [
        ("Ann Lee", "participant-join"),
        ("Ben Roy", "participant-join"),
        ("Conference Log", "conference-start"),
        ("Cat Fox", "participant-join"),
        ("Ben Roy", "participant-leave"),
        ("Ann Lee", "participant-leave"),
        ("Cat Fox", "participant-leave"),
        ("Conference Log", "conference-end"),
    ]
    assert conference["friendly_name"] == "ann-lee"
    summary = conference["call_request"]
    assert (summary["id"], summary["hero"], summary["message"]) == (meeting["id"], "Cat Fox", "Board games")
    assert summary["agreed_time"] == meeting["time"] == shown["time"]
    assert await story.conferences(ann) == await story.conferences(ben) == [conference]

    # Ben is asked again, by the new queen: they meet in her room.
    assert (await cat.invite(meeting["id"], ben_id)).body["users"] == [ben_id, cat_id]
    clock.advance(minutes=1)
    by_cat = await carrier.dial(CAT)
    await by_cat.until("joined", room="cat-fox")
    await story.quiet()
    by_ben = await carrier.dial(BEN)
    await by_ben.until("joined", room="cat-fox")
    clock.advance(minutes=2)
    by_ben.hang_up()
    by_cat.hang_up()
    await story.quiet()
    assert [each["friendly_name"] for each in await story.conferences(ben)] == ["cat-fox", "ann-lee"]
    assert [each["sid"] for each in await story.conferences(ann)] == [conference["sid"]]

    # It was held, it is completed when its queen says so, and nobody is sent a bill.
    kept = await database.bookings.get(meeting["id"])
    assert kept is not None
    assert kept.state == "held"
    assert (await cat("GET", path)).body["completed"] is False
    done = (await cat("PATCH", path, {"completed": True})).body
    assert done == {**meeting, "completed": True, "king": cat_id, "users": [ben_id, cat_id]}
    assert (await ben("GET", "/meetings/")).body == []
    assert (await ben("GET", "/meetings/?all=true")).body == [done]
    for phone in (ANN, BEN, CAT):
        assert story.texts(phone, "$") == []
    for app in (ann, ben, cat):
        assert (await HeroesClient(api, app.token)("GET", "/payments/charges")).body["count"] == 0
    assert await services.billing.check() == []


async def test_who_is_sent_away_during_the_greeting_does_not_stay_in_the_room(
    services: Services, database: Database, clock: FakeClock, carrier: SimulatedCarrier, api: Api
) -> None:
    """The carrier was slow to tell that he had come: when it does, he is shown out."""
    story = Story(services, carrier, api)
    ann, _ = await story.sign_up(ANN, "Ann Lee")
    ben, ben_id = await story.sign_up(BEN, "Ben Roy")
    meeting = (await ann.gather(users=[ben_id], time=clock.now() + timedelta(minutes=5))).body
    by_ann = await carrier.dial(ANN)
    await by_ann.until("joined")
    await story.quiet()
    carrier.faults.hold_callbacks = True
    by_ben = await carrier.dial(BEN)
    await by_ben.until("joined")
    await ann.exclude(meeting["id"], ben_id)
    await services.background.idle()
    assert not by_ben.is_over
    carrier.faults.hold_callbacks = False
    carrier.release_callbacks()
    await by_ben.until("left")
    await story.quiet()
    assert not by_ann.is_over


async def test_a_carrier_that_would_not_remove_somebody_is_asked_again(
    services: Services, clock: FakeClock, carrier: SimulatedCarrier, api: Api, monkeypatch: Any
) -> None:
    story = Story(services, carrier, api)
    ann, _ = await story.sign_up(ANN, "Ann Lee")
    ben, ben_id = await story.sign_up(BEN, "Ben Roy")
    meeting = (await ann.gather(users=[ben_id], time=clock.now() + timedelta(minutes=5))).body
    calls = [await carrier.dial(ANN), await carrier.dial(BEN)]
    for call in calls:
        await call.until("joined")
    await story.quiet()

    async def refuses(conference_sid: str, call_sid: str) -> bool:
        return False

    monkeypatch.setattr(carrier, "remove_participant", refuses)
    await ann.exclude(meeting["id"], ben_id)
    await story.quiet()
    monkeypatch.undo()
    assert not calls[1].is_over
    clock.advance(minutes=3)
    await services.conference_records.close_silent()
    await calls[1].until("left")
    await story.quiet()
    assert not calls[0].is_over
