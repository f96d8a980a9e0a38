"""Notices of passing over contract circles: each step in its turn, by whom it is for."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.circle_makers import App, befriend, invite, make_app
from tests.clients.circles import SETTING
from tests.fakes.clock import FakeClock
from tests.handlers.circles.death_notice_makers import AUTHORISE, DETAILS, INITIATE, WORDS, Circle

STRANGER = "You are not a trusted friend of this user"


async def test_save_and_read_what_is_to_be_said(circle: Circle) -> None:
    me = circle.holder.client
    assert await me.get("/death_notice/info") == {"http_status_code": 200, "death_notice": None}
    answer = await me.post("/death_notice/save", {"death_notice": WORDS})
    assert set(answer) == {"http_status_code", "message"}
    answer = await me.get("/death_notice/info")
    assert answer == {"http_status_code": 200, "death_notice": WORDS}
    assert set(answer["death_notice"]) == SETTING
    short = {"content": "Goodbye", "ewake_visibility": "lifelink_only"}
    await me.post("/death_notice/save", {"death_notice": short})
    assert (await me.get("/death_notice/info"))["death_notice"] == {
        **short,
        "email_receive_condolences": None,
        "address_receive_flowers": None,
    }
    # It is nobody else's business before the time has come.
    assert await circle.notice_of(circle.ann) is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("content", "", "Content can't be blank"),
        ("content", "x" * 2001, "Content is too long (maximum is 2000 characters)"),
        ("ewake_visibility", None, "Ewake visibility can't be blank"),
        ("ewake_visibility", "private", "Ewake visibility is not included in the list"),
        ("email_receive_condolences", "nobody", "Email receive condolences is invalid"),
        ("address_receive_flowers", 5, "Address receive flowers is invalid"),
    ],
)
async def test_a_wrong_word_is_named(circle: Circle, field: str, value: Any, message: str) -> None:
    body = {"death_notice": {**WORDS, field: value}}
    assert await circle.holder.client.refused("/death_notice/save", body) == {field: [message]}
    assert (await circle.holder.client.get("/death_notice/info"))["death_notice"] is None


async def test_the_whole_way_as_trusted_friends_and_lifelinks_see_it(
    circle: Circle, clock: FakeClock
) -> None:
    await circle.holder.client.post("/death_notice/save", {"death_notice": WORDS})
    answer = await circle.ann.client.post(INITIATE, circle.initiation())
    assert set(answer) == {"http_status_code", "message"}
    for app in (circle.ann, circle.bob):
        notice = await circle.notice_of(app)
        assert (notice["status"], notice["date_of_death"]) == ("initiated", "2026-03-01")
        assert notice["initiated_at"] == "2026-03-02T15:00:00.000Z"
        assert notice["initiator"]["id"] == circle.ann.id
    assert await circle.notice_of(circle.link, "lifelink") is None
    clock.advance(hours=1)
    await circle.bob.client.post(AUTHORISE, circle.authorisation())
    for app, level in ((circle.ann, "trusted_friend"), (circle.link, "lifelink")):
        notice = await circle.notice_of(app, level)
        assert (notice["status"], notice["setting"], notice["funeral"]) == ("authorised", WORDS, None)
        assert notice["authorised_at"] == "2026-03-02T16:00:00.000Z"
        assert notice["authoriser"]["full_name"] == "Bob Doe"
    await circle.ann.client.post(DETAILS, circle.details())
    notice = await circle.notice_of(circle.link, "lifelink")
    assert notice["funeral"] == {
        "location": "123 Main Street",
        "time": "2026-03-08T11:55:00.000Z",
        "details": "No flowers, please.",
        "sent_at": "2026-03-02T16:00:00.000Z",
    }
    for app in (circle.grey, circle.stranger):
        for level in ("trusted_friend", "lifelink"):
            assert await app.client.following(level) == []


async def test_who_has_not_accepted_sees_and_does_nothing(circle: Circle) -> None:
    for app, level in ((circle.stranger, "trusted_friend"),):
        await invite(circle.holder, app.email, level)
    await circle.authorise()
    row = (await circle.stranger.client.following())[0]
    assert (row["status"], row["death_notice"]) == ("pending", None)
    answer = await circle.stranger.client.post(DETAILS, circle.details(), expect=400, code="BAD_REQUEST")
    assert answer["message"] == STRANGER


async def test_a_stranger_gets_the_same_answer_whether_there_is_such_a_holder_or_not(
    circle: Circle, subtests: pytest.Subtests
) -> None:
    bodies = {INITIATE: circle.initiation, AUTHORISE: circle.authorisation, DETAILS: circle.details}
    for stage in ("open", "initiated", "authorised"):
        if stage == "initiated":
            await circle.initiate()
        elif stage == "authorised":
            await circle.bob.client.post(AUTHORISE, circle.authorisation())
        for who, path in itertools.product(("stranger", "grey", "link", "holder"), bodies):
            app: App = getattr(circle, who)
            with subtests.test(f"{who} {path} {stage}"):
                for email in (circle.holder.email, "nobody@example.com"):
                    answer = await app.client.post(path, bodies[path](email=email), expect=400)
                    assert (answer["message"], answer["error"]) == (STRANGER, {"code": "BAD_REQUEST"})


async def test_a_holder_needs_two_trusted_friends(circle: Circle) -> None:
    await circle.bob.client.post("/friendship/unfollow", {"user": {"email": circle.holder.email}})
    answer = await circle.ann.client.post(INITIATE, circle.initiation(), expect=400, code="BAD_REQUEST")
    assert answer["message"] == "This user has fewer than two trusted friends"


async def test_every_step_is_refused_out_of_turn(circle: Circle) -> None:
    ann, bob = circle.ann.client, circle.bob.client

    async def refused(client: Any, path: str, body: Any) -> str:
        answer = await client.post(path, body, expect=400, code="BAD_REQUEST")
        return str(answer["message"])

    assert "not initiated" in await refused(bob, AUTHORISE, circle.authorisation())
    assert "not authorised" in await refused(bob, DETAILS, circle.details())
    await circle.initiate()
    for client in (ann, bob):
        assert "already initiated" in await refused(client, INITIATE, circle.initiation())
    assert "another trusted friend" in await refused(ann, AUTHORISE, circle.authorisation())
    assert "not authorised" in await refused(bob, DETAILS, circle.details())
    await bob.post(AUTHORISE, circle.authorisation())
    for client in (ann, bob):
        assert "already authorised" in await refused(client, AUTHORISE, circle.authorisation())
        assert "already authorised" in await refused(client, INITIATE, circle.initiation())
    await ann.post(DETAILS, circle.details())
    for client in (ann, bob):
        assert "already sent" in await refused(client, DETAILS, circle.details())
    body = {"death_notice": WORDS}
    assert "already authorised" in await refused(circle.holder.client, "/death_notice/save", body)


@each_case(
    ("path", "changes", "field", "message"),
    [
        (INITIATE, {"date_of_death": "2026-02-30"}, "date_of_death", "Date of death is not a date"),
        (INITIATE, {"date_of_death": "yesterday"}, "date_of_death", "Date of death is not a date"),
        (INITIATE, {"date_of_death": None}, "date_of_death", "Date of death can't be blank"),
        (INITIATE, {"date_of_death": "2026-03-04"}, "date_of_death", "Date of death can't be in the future"),
        (INITIATE, {"email": ""}, "email", "Email can't be blank"),
        (INITIATE, {"confirm_email_address": ["x"]}, "confirm_email_address", "Confirm email address is invalid"),
        (AUTHORISE, {"email": None}, "email", "Email can't be blank"),
        (DETAILS, {"time": "2026-03-01 11:55:00"}, "time", "Time must be in the future"),
        (DETAILS, {"time": "2026-03-08T11:55:00Z"}, "time", "Time is not a date"),
        (DETAILS, {"time": "2026-02-30 11:55:00"}, "time", "Time is not a date"),
        (DETAILS, {"time": ""}, "time", "Time can't be blank"),
        (DETAILS, {"location": "x" * 501}, "location", "Location is too long (maximum is 500 characters)"),
        (DETAILS, {"location": ""}, "location", "Location can't be blank"),
        (DETAILS, {"details": "x" * 10_001}, "details", "Details is too long (maximum is 10000 characters)"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named_and_changes_nothing(
    circle: Circle, database: Database, path: str, changes: dict[str, Any], field: str, message: str
) -> None:
    make = {INITIATE: circle.initiation, AUTHORISE: circle.authorisation, DETAILS: circle.details}[path]
    if path == INITIATE:
        await database.death_notices.remove(circle.holder.id)
    elif await database.death_notices.get(circle.holder.id) is None:
        await circle.authorise()
    await circle.services.background.idle()
    before = await database.death_notices.get(circle.holder.id)
    assert await circle.bob.client.refused(path, make(**changes)) == {field: [message]}
    assert await database.death_notices.get(circle.holder.id) == before


async def test_of_many_at_once_one_takes_each_step(circle: Circle, database: Database) -> None:
    third = await make_app(circle.holder.client.api, circle.services)
    await befriend(circle.services, circle.holder, third)
    friends = [circle.ann.client, circle.bob.client, third.client] * 3

    async def all_at_once(path: str, body: Any) -> int:
        answers = await asyncio.gather(*(client.post(path, body, expect=None) for client in friends))
        return sum(answer["http_status_code"] == 200 for answer in answers)

    assert await all_at_once(INITIATE, circle.initiation()) == 1
    assert await all_at_once(AUTHORISE, circle.authorisation()) == 1
    assert await all_at_once(DETAILS, circle.details()) == 1
    await circle.services.background.idle()
    assert await database.bookings._collection.count_documents({"kind": "memorial"}) == 1
    kept = await database.death_notices._collection.find_one({"_id": circle.holder.id})
    assert kept is not None
    assert [step["step"] for step in kept["steps"]] == ["initiated", "authorised", "funeral"]
    assert kept["untold"] == []


async def test_each_step_is_recorded_with_its_time_and_person(
    circle: Circle, database: Database, clock: FakeClock
) -> None:
    await circle.initiate()
    clock.advance(hours=2)
    await circle.bob.client.post(AUTHORISE, circle.authorisation())
    kept = await database.death_notices._collection.find_one({"_id": circle.holder.id})
    assert kept is not None
    first, second = kept["steps"]
    assert (first["step"], first["by"], first["at"].hour) == ("initiated", circle.ann.id, 15)
    assert first["given"] == {
        "confirm_email_address": "ann@example.com",
        "confirm_physical_address": "1 Main Street",
    }
    assert (second["step"], second["by"], second["at"].hour) == ("authorised", circle.bob.id, 17)
