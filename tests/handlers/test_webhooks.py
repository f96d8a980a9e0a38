"""The routes for webhooks: staff only, strict about what they take, the secret shown once, every change recorded."""

from __future__ import annotations

from typing import Any

from tests.booking_makers import World
from tests.cases import each_case
from tests.clients.http import Answer, Api
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.makers import make_person, make_staff, token_of
from thserver.domain.people import Person

SINCE = "2026-03-01T00:00:00Z"


class Staff:
    """Somebody on the staff with his token."""

    def __init__(self, api: Api, token: str, person: Person) -> None:
        self._api, self._token, self.person = api, token, person

    async def __call__(self, method: str, path: str, body: Any = None) -> Answer:
        return await self._api(method, path, body, token=self._token)

    async def register(self, receiver: Receiver) -> dict[str, Any]:
        answer = await self("POST", "/webhooks/endpoints", {"url": receiver.url, "events": ["*"]})
        assert answer.status == 201, answer.body
        return dict(answer.body)


async def make_one(api: Api, world: World) -> Staff:
    person = await make_staff(world.services)
    return Staff(api, await token_of(world.services, person), person)


async def test_an_endpoint_from_its_first_day_to_its_last(api: Api, world: World) -> None:
    staff = await make_one(api, world)
    async with receiving() as receiver:
        made = await staff.register(receiver)
        path = f"/webhooks/endpoints/{made['id']}"
        assert made["secret"].startswith("whsec_")
        shown = (await staff("GET", path)).body
        assert "secret" not in shown
        assert (shown["state"], shown["created_by"], shown["old_secret_until"]) == (
            "enabled",
            staff.person.id,
            None,
        )
        changed = await staff(
            "PATCH", path, {"events": ["charge.refunded", "booking.agreed"], "description": "Till"}
        )
        assert changed.body["events"] == ["booking.agreed", "charge.refunded"]
        assert changed.body["url"] == receiver.url
        rotated = (await staff("POST", f"{path}/rotate")).body
        assert rotated["secret"] != made["secret"]
        assert rotated["old_secret_until"] == "2026-03-03T15:00:00.000000Z"
        assert (await staff("POST", f"{path}/disable")).body["reason"] == "by_hand"
        assert (await staff("POST", f"{path}/test")).status == 409
        assert (await staff("POST", f"{path}/enable")).body["state"] == "enabled"
        assert (await staff("GET", "/webhooks/endpoints")).body["count"] == 1
        assert (await staff("DELETE", path)).status == 204
        assert (await staff("DELETE", path)).status == 404
        assert (await staff("GET", path)).body == {"detail": "Not found."}
    actions = (await world.services.staff_actions.page()).actions
    assert [each.action for each in reversed(actions)] == [
        "register webhook endpoint",
        "change webhook endpoint",
        "rotate webhook secret",
        "disable webhook endpoint",
        "test webhook endpoint",
        "enable webhook endpoint",
        "delete webhook endpoint",
        "delete webhook endpoint",
    ]
    assert {each.actor.person_id for each in actions} == {staff.person.id}
    assert made["secret"] not in str(actions)


async def test_a_sample_its_log_and_its_replay(api: Api, world: World) -> None:
    staff = await make_one(api, world)
    async with receiving() as receiver:
        receiver.answers.append(500)
        made = await staff.register(receiver)
        path = f"/webhooks/endpoints/{made['id']}"
        sent = await staff("POST", f"{path}/test", {"type": "conference.joined"})
        assert sent.status == 202
        await world.services.background.idle()
        log = (await staff("GET", f"/webhooks/deliveries?endpoint={made['id']}&state=waiting")).body
        assert (log["count"], log["next"], log["previous"]) == (1, None, None)
        [row] = log["results"]
        assert (row["id"], row["last_status"], row["type"]) == (sent.body["id"], 500, "conference.joined")
        for query in ("state=delivered", "type=booking.agreed", "booking=4", "endpoint=ep_other"):
            assert (await staff("GET", f"/webhooks/deliveries?{query}")).body["count"] == 0
        world.services.clock.advance(minutes=1)  # type: ignore[attr-defined]
        await world.services.webhook_deliveries.deliver_due()
        again = await staff("POST", f"/webhooks/deliveries/{row['id']}/replay")
        assert again.status == 202
        await world.services.background.idle()
        one = (await staff("GET", f"/webhooks/deliveries/{row['id']}")).body
        assert [each["status"] for each in one["tries"]] == [500, 200, 200]
        assert one["body"] == receiver.requests[-1].told
        assert (one["state"], one["replays"], one["next_try"]) == ("delivered", 1, None)
        replayed = await staff("POST", f"{path}/replay", {"since": SINCE})
        assert (replayed.status, replayed.body) == (202, {"count": 0, "until": None})


async def test_whoever_is_not_staff_learns_nothing(api: Api, world: World) -> None:
    person = await make_person(world.services)
    token = await token_of(world.services, person)
    for method, path in (
        ("GET", "/webhooks/endpoints"),
        ("POST", "/webhooks/endpoints"),
        ("GET", "/webhooks/event-types"),
        ("GET", "/webhooks/deliveries"),
        ("GET", "/webhooks/endpoints/ep_" + 24 * "0"),
        ("POST", "/webhooks/deliveries/msg_" + 32 * "0" + "/replay"),
    ):
        assert (await api(method, path)).status == 401
        answer = await api(method, path, token=token)
        assert (answer.status, answer.body) == (403, {"detail": "This is for staff."})


@each_case(
    ("body", "field"),
    [
        ({"url": "http://example.com/hooks", "events": ["*"]}, "url"),
        ({"url": "https://10.0.0.1/hooks", "events": ["*"]}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data", "events": ["*"]}, "url"),
        ({"url": "https://me:secret@example.com/", "events": ["*"]}, "url"),
        ({"url": 7, "events": ["*"]}, "url"),
        ({"url": "https://[::1", "events": ["*"]}, "url"),
        ({"events": ["*"]}, "url"),
        ({"url": "http://127.0.0.1/"}, "events"),
        ({"url": "http://127.0.0.1/", "events": []}, "events"),
        ({"url": "http://127.0.0.1/", "events": ["booking.exploded"]}, "events"),
        ({"url": "http://127.0.0.1/", "events": 200 * ["*"]}, "events"),
        ({"url": "http://127.0.0.1/", "events": "*"}, "events"),
        ({"url": "http://127.0.0.1/", "events": [None]}, "events"),
    ],
)
async def test_what_is_wrong_is_said_by_field(api: Api, world: World, body: Any, field: str) -> None:
    staff = await make_one(api, world)
    answer = await staff("POST", "/webhooks/endpoints", body)
    assert answer.status == 400
    assert set(answer.body) == {"detail", "errors"}
    assert list(answer.body["errors"]) == [field]


async def test_unknown_things_are_not_found_and_odd_requests_are_refused(api: Api, world: World) -> None:
    staff = await make_one(api, world)
    nobody = "/webhooks/endpoints/ep_" + 24 * "0"
    for method, path, body, status in (
        ("GET", "/webhooks", None, 404),
        ("GET", "/webhooks/endpoints/ep_1", None, 404),
        ("POST", f"{nobody}/enable", None, 404),
        ("POST", f"{nobody}/disable", None, 404),
        ("POST", f"{nobody}/rotate", None, 404),
        ("POST", f"{nobody}/test", None, 404),
        ("POST", f"{nobody}/test", {"type": "nonsense"}, 400),
        ("POST", f"{nobody}/replay", {"since": SINCE}, 404),
        ("POST", f"{nobody}/replay", {}, 400),
        ("POST", f"{nobody}/rotate", {"overlap_in_hours": 1000}, 400),
        ("PATCH", nobody, {"description": "x"}, 404),
        ("GET", "/webhooks/deliveries/msg_" + 32 * "0", None, 404),
        ("POST", "/webhooks/deliveries/msg_" + 32 * "0" + "/replay", None, 404),
        ("GET", "/webhooks/deliveries?state=odd", None, 400),
        ("GET", "/webhooks/deliveries?page=2", None, 404),
        ("DELETE", "/webhooks/endpoints", None, 405),
    ):
        answer = await staff(method, path, body)
        assert (answer.status, path) == (status, path)
        assert "detail" in answer.body
    types = (await staff("GET", "/webhooks/event-types")).body["results"]
    assert {"type": "booking.agreed", "meaning": "The time is firm."} in types
