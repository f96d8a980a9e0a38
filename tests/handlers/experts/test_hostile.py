"""Every route of contract experts against bodies, ids and methods of people who mean no good: 4xx in shape, nothing kept."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from config.settings import Settings
from handlers.experts.routes import MEETINGS, ROUTES
from store.database import COLLECTIONS, Database
from tests.cases import each_case
from tests.clients.experts import ExpertsClient
from tests.handlers.experts.test_documented import ENDS, STARTS
from thserver.services.all import Services

BAD_BODIES = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"1",
    b"{",
    b'{"a": NaN}',
    b'{"a": 1e400}',
    b'{"a": "\\ud800"}',
    b"\xff\xfe{\x00}\x00",
    b"{} {}",
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"amount": ' + b"9" * 5_000 + b"}",
    b'{"a": 1, "a": 2}',
]
BAD_VALUES: list[Any] = [
    None, True, False, -1, 0, 0.1, 2**31, 2**53, 2**63, "", " ", "\x00", "x" * 3_000, "٣", [], {}, [[]],
    {"$gt": ""}, {"$where": "sleep(1000)"}, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z",
    "25:00", "../../etc/passwd", "<script>alert(1)</script>",
]  # fmt: skip
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "/users/register/": (
        "POST",
        {"username": "mallory", "email": "mallory@example.com", "password": "securepassword"},
    ),
    "/users/login/": ("POST", {"username": "johndoe", "password": "wrongpassword"}),
    "/users/me/": ("PUT", {"profile_picture": "http://a.b", "timezone": "UTC", "phone": "x"}),
    "/users/verify-phone/": ("POST", {"code": "123456"}),
    "/user-skills/": ("POST", {"category": 99, "skill_name": "React", "proficiency_level": "expert"}),
    "/user-availability/": ("POST", {"day_of_week": 1, "start_time": "09:00", "end_time": "08:00"}),
    "/credits/transfer/": ("POST", {"meeting_id": 1, "amount": 1}),
    "/payments/purchase_credits/": (
        "POST",
        {"payment_method": "cash", "amount": "1.00", "credits_to_purchase": 1},
    ),
    "/meetings/": (
        "POST",
        {
            "title": "Help",
            "description": "",
            "expert_id": 0,
            "category_id": 1,
            "scheduled_start": STARTS,
            "scheduled_end": ENDS,
        },
    ),
    "/meetings/{id}/update_status/": ("PATCH", {"status": "lost"}),
    "/reviews/": ("POST", {"meeting_id": 1, "reviewee_id": 0, "rating": 5, "review_text": ""}),
    "/messages/": ("POST", {"receiver_id": 0, "content": "Hello"}),
    "/notifications/{id}/": ("PATCH", {"is_read": "maybe"}),
}
WATCHED = [name for name in COLLECTIONS if name not in ("limits", "numbers", "categories", "codes", "leases")]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, limit_requests_per_person_min=100_000)


@pytest.fixture
def meeting_id(io_loop: IOLoop, john: ExpertsClient, jane: ExpertsClient, services: Services) -> int:
    async def make() -> int:
        made = await john.meet(jane, STARTS, ENDS)
        await services.background.idle()
        return int(made["id"])

    return io_loop.run_sync(make)


async def counts(database: Database) -> dict[str, int]:
    """How many documents each collection has: one question to all of them."""
    first, *others = [COLLECTIONS[name].name for name in WATCHED]
    count = [{"$count": "documents"}]
    unions = [
        {"$unionWith": {"coll": name, "pipeline": [*count, {"$set": {"name": name}}]}} for name in others
    ]
    cursor = await database._database[first].aggregate([*count, {"$set": {"name": first}}, *unions])
    return {found["name"]: found["documents"] for found in await cursor.to_list()}


@each_case("path", GOOD)
async def test_bodies_that_are_no_object_are_refused_and_leave_nothing(
    john: ExpertsClient, meeting_id: int, database: Database, path: str
) -> None:
    before = await counts(database)
    method, _ = GOOD[path]
    where = path.format(id=meeting_id)
    for raw in BAD_BODIES:
        # An empty body is an empty object, which changes nothing in a profile.
        harmless = path == "/users/me/" and (raw == b"" or b'"a"' in raw)
        answer = await john(method, where, raw=raw, expect=None)
        assert 400 <= answer.status < 500 or (harmless and answer.status == 200), (raw[:40], answer.status)
    assert await counts(database) == before


@each_case("path", GOOD)
async def test_a_hostile_value_in_any_field_is_refused_and_leaves_nothing(
    john: ExpertsClient, meeting_id: int, database: Database, path: str
) -> None:
    before = await counts(database)
    method, good = GOOD[path]
    where = path.format(id=meeting_id)
    for field in good:
        for value in BAD_VALUES:
            body = {**good, field: value}
            if path == "/users/register/":
                body["username"] = body["username"] if field == "username" else "mal lory"
                body["email"] = body["email"] if field == "email" else "nowhere"
            answer = await john(method, where, body, expect=None)
            assert 400 <= answer.status < 500, (field, value, answer.status, answer.body)
    assert await counts(database) == before


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
async def test_a_body_of_more_than_a_megabyte_is_413(john: ExpertsClient, size: int) -> None:
    raw = b'{"title": "' + b"x" * size + b'"}'
    await john("POST", "/meetings/", raw=raw, expect=413)


async def test_xml_is_no_language_of_ours(john: ExpertsClient) -> None:
    answer = await john(
        "POST", "/reviews/", raw=b"<a/>", headers={"Content-Type": "application/xml"}, expect=415
    )
    assert answer.body == {"error": "Unsupported media type."}


@each_case(
    "number", ["0", "-1", "1.5", "x", "%00", "%ff", "..%2f", "١", "9" * 18, "9" * 19, "9" * 500, "1'--", "{}"]
)
async def test_ids_that_no_meeting_has_are_404(john: ExpertsClient, number: str) -> None:
    for method, path in (("GET", ""), ("PATCH", "update_status/")):
        answer = await john(
            method, f"/meetings/{number}/{path}", {"status": "confirmed"} if path else None, expect=None
        )
        assert answer.status in (400, 404), answer.status
        assert list(answer.body) == ["error"]


async def test_other_methods_are_405_in_shape(john: ExpertsClient) -> None:
    for method, path in (
        ("DELETE", "/users/me/"),
        ("PUT", "/meetings/"),
        ("GET", "/reviews/"),
        ("GET", "/users/login/"),
    ):
        answer = await john(method, path, expect=405)
        assert answer.body == {"error": f'Method "{method}" not allowed.'}


async def test_unknown_paths_are_404_in_shape(john: ExpertsClient) -> None:
    for path in (
        "/credits/",
        "/credits/balance/x/",
        "/payments/refund/",
        "/user-skills/1/2/",
        "/meetings/1/x/",
    ):
        assert list((await john("GET", path, expect=404)).body) == ["error"]


@each_case("query", ["status[$gt]=", "status=%00", "role=%ff", "status=" + "x" * 5_000])
async def test_hostile_queries_are_no_filters(john: ExpertsClient, query: str) -> None:
    answer = await john("GET", f"/meetings/?{query}", expect=None)
    assert answer.status in (200, 400)


async def test_what_people_write_comes_back_as_they_wrote_it(
    john: ExpertsClient, jane: ExpertsClient
) -> None:
    text = '<script>alert("x")</script> & \u202e 🎉 {"$gt": ""}'
    made = await john.meet(jane, STARTS, ENDS, title=text, description=text)
    assert (made["title"], made["description"]) == (text, text)


async def test_fields_that_nobody_may_write_stay_as_they_are(
    john: ExpertsClient, jane: ExpertsClient, database: Database
) -> None:
    made = await john.meet(
        jane,
        STARTS,
        ENDS,
        status="completed",
        requester_id=jane.id,
        id=1234,
        rate_in_cents=1,
        details={"came": [1]},
        state="held",
    )
    assert (made["status"], made["requester_id"]) == ("pending", john.id)
    kept = await database.bookings.get(made["id"])
    assert kept is not None
    assert set(kept.details) == {"title", "category_id", "ends"}


def test_every_route_is_in_the_table_of_this_test() -> None:
    taking_bodies = {
        handler
        for _, handler in (*ROUTES, *MEETINGS)
        for method in ("post", "put", "patch")
        if hasattr(getattr(handler, method), "access")
    }
    known = {handler.__name__ for handler in taking_bodies} - {"Logout"}
    assert known == {
        "Register", "Login", "Me", "VerifyPhone", "UserSkills", "UserAvailability", "Transfer", "PurchaseCredits",
        "Meetings", "UpdateStatus", "Reviews", "Messages", "Notification",
    }  # fmt: skip
    assert len(known) == len(GOOD)
