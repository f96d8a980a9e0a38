"""Section "Call Request Routes" of contract heroes, as its document shows it, and what it must not let through."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handlers.fields import utc_text
from tests.booking_makers import (
    MINUTE,
    make_accepted_request,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
    three_times,
)
from tests.fakes.clock import FakeClock
from tests.handlers.heroes.cast import (
    ASKED,
    CHANGES,
    KEYS,
    ROOT,
    SHORT_USER_KEYS,
    TIMES_KEYS,
    Cast,
    body_of,
    good_body,
    ready_for,
)
from thserver.domain.bookings import State


async def test_the_documented_request_makes_a_call_request(cast: Cast) -> None:
    answer = await cast.api("POST", ROOT + "/", {"hero_id": cast.hero.id, **ASKED}, token=cast.user_token)
    assert answer.status == 200
    now = utc_text(cast.world.services.clock.now())
    assert answer.body == {
        "id": 1,
        "user": cast.user.uuid,
        "hero": cast.hero.id,
        **ASKED,
        "status": "o",
        "reason": "",
        "times": [],
        "agreed_time": None,
        "created": now,
        "updated": now,
    }
    again = await cast.api("POST", ROOT, {"hero_id": cast.hero.id, **ASKED}, token=cast.user_token)
    assert again.status == 409
    assert set(again.body) == {"detail"}


async def test_a_hero_is_named_by_number_or_uuid(cast: Cast) -> None:
    uuid = cast.host.uuid
    for named in (cast.hero.id, str(cast.hero.id), uuid, uuid.upper(), uuid.replace("-", "")):
        body = {"hero_id": named, **ASKED}
        answer = await cast.api("POST", ROOT + "/", body, token=cast.user_token)
        assert (answer.status, answer.body["hero"]) == (200, cast.hero.id), named
        await cast.patch(answer.body["id"], "cancel", {}, cast.user_token)


async def test_the_documented_journey_has_the_documented_answers(cast: Cast) -> None:
    times, later = three_times(cast.world), three_times(cast.world, after=600)
    booking = await make_request(cast.world, cast.user, cast.hero, minutes=15)
    accepted = await cast.patch(booking, "accept", body_of(times), cast.hero_token)
    assert accepted.status == 200
    assert set(accepted.body) == KEYS
    assert (accepted.body["status"], accepted.body["agreed_time"]) == ("a", None)
    now = utc_text(cast.world.services.clock.now())
    assert accepted.body["times"] == [
        {
            "user": {
                "id": cast.host.uuid,
                "first_name": "Tom",
                "last_name": "Brady",
                "profile_image": None,
                "timezone": "America/Chicago",
                "created": now,
            },
            "datetime_one": utc_text(times[0]),
            "datetime_two": utc_text(times[1]),
            "datetime_three": utc_text(times[2]),
            "timestamp": now,
        }
    ]
    suggested = await cast.patch(booking, "new-times", body_of(later), cast.user_token)
    assert suggested.status == 200
    assert set(suggested.body) == KEYS
    assert [each["user"]["id"] for each in suggested.body["times"]] == [cast.host.uuid, cast.user.uuid]
    for each in suggested.body["times"]:
        assert (set(each), set(each["user"])) == (TIMES_KEYS, SHORT_USER_KEYS)
    agreed = await cast.patch(booking, "agreed-time", {"agreed_time": utc_text(later[1])}, cast.hero_token)
    assert agreed.status == 200
    assert agreed.body == {**suggested.body, "agreed_time": utc_text(later[1]), "updated": now}
    for token in (cast.user_token, cast.hero_token):
        detail = await cast.api("GET", f"{ROOT}/{booking.id}", token=token)
        assert (detail.status, detail.body) == (200, agreed.body)
    cancelled = await cast.patch(booking, "cancel", good_body("cancel", cast.world), cast.user_token)
    assert cancelled.status == 200
    assert cancelled.body == {**agreed.body, "status": "c"}


async def test_the_documented_decline_shows_the_reason(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    answer = await cast.patch(booking, "decline", good_body("decline", cast.world), cast.hero_token)
    assert answer.status == 200
    assert set(answer.body) == KEYS
    assert (answer.body["status"], answer.body["reason"]) == (
        "d",
        "Not comfortable talking about this subject.",
    )


async def test_the_list_shows_ones_own_as_user_and_hero_newest_first_in_pages(
    cast: Cast, clock: FakeClock
) -> None:
    world = cast.world
    for _ in range(11):
        clock.advance(minutes=1)
        await make_accepted_request(world, cast.user, (await make_host(world))[1])
    clock.advance(minutes=1)
    last = await make_request(world, cast.user, cast.hero)
    first = await cast.api("GET", ROOT + "/", token=cast.user_token)
    assert first.status == 200
    assert set(first.body) == {"count", "next", "previous", "results"}
    assert (first.body["count"], len(first.body["results"]), first.body["previous"]) == (12, 10, None)
    assert first.body["results"][0]["id"] == last.id
    assert all(set(each) == KEYS for each in first.body["results"])
    path = first.body["next"].removeprefix(cast.api.base_url)
    second = await cast.api("GET", path, token=cast.user_token)
    assert second.body["next"] is None
    ids = [each["id"] for each in first.body["results"] + second.body["results"]]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == 12
    of_hero = await cast.api("GET", ROOT + "?page_size=1", token=cast.hero_token)
    assert [each["id"] for each in of_hero.body["results"]] == [last.id]
    assert (await cast.api("GET", ROOT + "/", token=cast.stranger_token)).body["count"] == 0


async def test_a_page_asks_for_its_people_once_and_for_its_heroes_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await make_accepted_request(cast.world, cast.user, (await make_host(cast.world))[1])
    asked: list[str] = []
    services = cast.world.services.bookings
    for store, name in ((services._people, "shown"), (services._heroes, "of_people")):
        question = getattr(store, name)

        async def counted(ids: Any, *, name: str = name, question: Any = question) -> Any:
            asked.append(name)
            return await question(ids)

        monkeypatch.setattr(store, name, counted)
    await cast.api("GET", ROOT + "/", token=cast.user_token)
    assert sorted(asked) == ["of_people", "shown"]


async def test_every_state_is_shown_by_its_letter(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    letters = {"requested": "o", "declined": "d", "cancelled": "c", "held": "s"}
    for state in State:
        await cast.world.database.bookings._collection.update_one(
            {"_id": booking.id}, {"$set": {"state": state.value}}
        )
        answer = await cast.api("GET", f"{ROOT}/{booking.id}/", token=cast.user_token)
        assert answer.body["status"] == letters.get(state.value, "a")


@pytest.mark.parametrize(
    "lacking", [{"email_verified": False}, {"phone": None}, {"card": False}], ids=["email", "phone", "card"]
)
async def test_asking_without_proof_or_card_is_403(cast: Cast, lacking: dict[str, Any]) -> None:
    person = await make_caller(cast.world, **lacking)
    token = await cast.world.services.sign_in.give_token(person.id, "heroes")
    answer = await cast.api("POST", ROOT + "/", {"hero_id": cast.hero.id, **ASKED}, token=token)
    assert (answer.status, set(answer.body)) == (403, {"detail"})


async def test_nobody_calls_himself_or_a_hero_who_is_not_listed(cast: Cast) -> None:
    await cast.world.services.wallet.add_card(cast.host, "pm_card_visa")
    _, hidden = await make_host(cast.world, accepted=False)
    for hero_id in (cast.hero.id, hidden.id):
        answer = await cast.api("POST", ROOT + "/", {"hero_id": hero_id, **ASKED}, token=cast.hero_token)
        assert (answer.status, set(answer.body)) == (400, {"hero_id"})


async def test_times_take_any_offset_and_a_naive_one_is_utc(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    body = {
        "time_one": "2026-03-02T09:30:00-06:00",
        "time_two": "2026-03-02T22:00:00",
        "time_three": "2026-03-03T05:30:00+0545",
    }
    answer = await cast.patch(booking, "accept", body, cast.hero_token)
    assert answer.status == 200
    assert list(answer.body["times"][0].values())[1:4] == [
        "2026-03-02T15:30:00.000000Z",
        "2026-03-02T22:00:00.000000Z",
        "2026-03-02T23:45:00.000000Z",
    ]


async def test_times_that_repeat_each_other_are_400_and_earlier_ones_409(cast: Cast) -> None:
    one, two, three = three_times(cast.world, after=600)
    booking = await make_accepted_request(cast.world, cast.user, cast.hero)
    answer = await cast.patch(booking, "new-times", body_of((one, two, one)), cast.user_token)
    assert (answer.status, set(answer.body)) == (400, {"time_one", "time_three"})
    earlier = booking.suggestions[0].times[1]
    for token in (cast.user_token, cast.hero_token):
        answer = await cast.patch(booking, "new-times", body_of((one, two, earlier)), token)
        assert (answer.status, answer.body) == (409, {"detail": "The datetime already exists."})
    assert (await cast.patch(booking, "new-times", body_of((one, two, three)), cast.user_token)).status == 200


async def test_a_time_that_has_passed_is_not_agreed_to(cast: Cast, clock: FakeClock) -> None:
    booking = await make_accepted_request(cast.world, cast.user, cast.hero)
    time = booking.suggestions[0].times[0]
    clock.set(time)
    answer = await cast.patch(booking, "agreed-time", {"agreed_time": utc_text(time)}, cast.user_token)
    assert (answer.status, answer.body) == (400, {"agreed_time": ["This time is in the past."]})
    clock.set(time - MINUTE)
    answer = await cast.patch(booking, "agreed-time", {"agreed_time": utc_text(time)}, cast.user_token)
    assert answer.status == 200


async def test_after_a_time_is_agreed_new_suggestions_are_400(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    for what, token in (
        ("new-times", cast.user_token),
        ("new-times", cast.hero_token),
        ("accept", cast.hero_token),
        ("decline", cast.hero_token),
        ("agreed-time", cast.user_token),
    ):
        answer = await cast.patch(booking, what, good_body(what, cast.world), token)
        assert (answer.status, set(answer.body)) == (400, {"detail"}), what


@pytest.mark.parametrize("ended", ["decline", "cancel"])
async def test_after_an_end_everything_is_400(cast: Cast, ended: str) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    await cast.patch(booking, ended, good_body(ended, cast.world), cast.hero_token)
    for what in CHANGES:
        answer = await cast.patch(booking, what, good_body(what, cast.world), cast.hero_token)
        assert (answer.status, set(answer.body)) == (400, {"detail"}), what


async def test_the_user_is_403_where_the_hero_must_answer(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    for what in ("accept", "decline"):
        answer = await cast.patch(booking, what, good_body(what, cast.world), cast.user_token)
        assert (answer.status, set(answer.body)) == (403, {"detail"})


async def test_cancelling_needs_no_reason_and_keeps_the_one_that_is_given(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    assert (await cast.patch(booking, "cancel", None, cast.user_token)).body["status"] == "c"
    booking = await make_request(cast.world, cast.user, cast.hero)
    answer = await cast.patch(booking, "cancel", {"reason": " I am ill "}, cast.hero_token)
    assert (answer.status, answer.body["reason"]) == (200, "")
    assert (await cast.kept(booking))["cancel_reason"] == "I am ill"


async def test_the_fourth_cancellation_is_409_until_it_is_forced(cast: Cast) -> None:
    for _ in range(3):
        booking = await make_accepted_request(cast.world, cast.user, cast.hero)
        assert (await cast.patch(booking, "cancel", {"reason": "x"}, cast.user_token)).status == 200
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    for body in ({}, {"force": False}):
        answer = await cast.patch(booking, "cancel", body, cast.user_token)
        assert (answer.status, answer.body) == (409, {"detail": "You have canceled too many times."})
    answer = await cast.patch(booking, "cancel", good_body("cancel", cast.world), cast.user_token)
    assert (answer.status, answer.body["status"]) == (200, "c")
    assert (await cast.kept(booking))["fee_in_cents"] == 500


async def test_a_call_that_took_place_is_not_cancelled(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    await cast.world.services.bookings.mark_held(booking.id)
    answer = await cast.patch(booking, "cancel", {}, cast.user_token)
    assert (answer.status, set(answer.body)) == (400, {"detail"})


async def test_of_fifty_agreements_at_once_one_is_200_and_the_others_409(cast: Cast) -> None:
    waiting = []
    for _ in range(50):
        person = await make_caller(cast.world)
        token = await cast.world.services.sign_in.give_token(person.id, "heroes")
        waiting.append((await make_accepted_request(cast.world, person, cast.hero), token))
    body = good_body("agreed-time", cast.world)
    answers = await asyncio.gather(
        *(cast.patch(booking, "agreed-time", body, token) for booking, token in waiting)
    )
    assert sorted(answer.status for answer in answers) == [200, *[409] * 49]


async def test_an_accept_and_a_cancel_at_once_agree_with_what_is_kept(cast: Cast) -> None:
    for _ in range(10):
        booking = await make_request(cast.world, cast.user, cast.hero)
        accepted, cancelled = await asyncio.gather(
            cast.patch(booking, "accept", good_body("accept", cast.world), cast.hero_token),
            cast.patch(booking, "cancel", {"force": True}, cast.user_token),
        )
        state = (await cast.kept(booking))["state"]
        assert {accepted.status, cancelled.status} <= {200, 400}
        assert state == ("cancelled" if cancelled.status == 200 else "accepted")
        assert 200 in (accepted.status, cancelled.status)
        if state == "accepted":
            assert (await cast.patch(booking, "cancel", {"force": True}, cast.user_token)).status == 200


async def test_every_route_answers_with_and_without_its_slash_and_refuses_other_methods(cast: Cast) -> None:
    for slash in ("", "/"):
        for what in CHANGES:
            booking, token = await ready_for(what, cast)
            path = f"{ROOT}/{booking.id}/{what}{slash}"
            for method in ("GET", "POST", "PUT", "DELETE"):
                answer = await cast.api(method, path, {}, token=token)
                assert (answer.status, set(answer.body)) == (405, {"detail"}), (method, path)
            assert (await cast.api("OPTIONS", path)).status == 204
            answer = await cast.api("PATCH", path, good_body(what, cast.world), token=token)
            assert answer.status == 200, (path, answer.body)
            if answer.body["status"] in "oa":
                again = {"reason": "", "force": True}
                assert (await cast.patch(booking, "cancel", again, cast.user_token)).status == 200
        assert (await cast.api("HEAD", f"{ROOT}{slash}", token=cast.user_token)).status == 200
        assert (await cast.api("GET", f"{ROOT}{slash}", token=cast.user_token)).status == 200
        assert (await cast.api("PATCH", f"{ROOT}{slash}", {}, token=cast.user_token)).status == 405


async def test_a_form_is_understood_like_json(cast: Cast) -> None:
    answer = await cast.api(
        "POST",
        ROOT + "/",
        raw=f"hero_id={cast.hero.id}&message=Hello&estimated_length=45".encode(),
        token=cast.user_token,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status, answer.body["estimated_length"]) == (200, 45)
