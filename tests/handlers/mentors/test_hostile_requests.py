"""Whatever is sent to contract mentors: a refusal in its shape, and nothing stored."""

from __future__ import annotations

import re
from typing import Any

import pytest

from handlers.mentors.dialect import STATUS_WORDS
from handlers.mentors.routes import ROUTES
from store.database import Database
from tests.cases import each_case
from tests.clients.http import Api
from tests.clients.mentors import WORDS, MentorsClient
from thserver.domain.bookings import State

WITH_BODY = [
    ("POST", "/auth/users/"),
    ("POST", "/auth/token/login/"),
    ("PATCH", "/myprofile/"),
    ("POST", "/myprofile/verify-phone/"),
    ("POST", "/mentorinfo/"),
    ("PATCH", "/mentorinfoupdate/"),
    ("POST", "/menteeinfo/"),
    ("PATCH", "/menteeinfoupdate/"),
    ("POST", "/availabilty/"),
    ("POST", "/v2/availabilty/"),
    ("POST", "/sessionrequest/"),
    ("PATCH", "/sessionrequest/1"),
    ("PATCH", "/notificationsettings/1"),
]
BODIES = [
    b"{",
    b"null",
    b'"x"',
    b"7",
    b"[]",
    b"[1, 2]",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}x",
    b"{} trailing",
    b"[" * 100_000,
    b'{"a": NaN}',
    b'{"username": "a", "username": "b"}',
    b'{"username": "\\ud800"}',
]


@each_case(("method", "path"), WITH_BODY)
async def test_what_is_no_object_is_refused(mentor: MentorsClient, method: str, path: str) -> None:
    for raw in BODIES:
        answer = await mentor(method, path, raw=raw, expect=None)
        assert 400 <= answer.status < 500, raw[:40]
    answer = await mentor(method, path, raw=b'{"x": "' + b"x" * (1 << 20) + b'"}', expect=None)
    assert answer.status == 413
    answer = await mentor(method, path, raw=b"<x/>", expect=None, headers={"Content-Type": "text/xml"})
    assert answer.status == 415


@pytest.mark.parametrize(
    "value", ["a\x00b", 2**63 - 1, -1, 1.5, True, [], {}, {"$ne": None}, "$where", "x" * 3000, "\u202e", None]
)
async def test_hostile_values_in_every_field_are_never_our_fault(
    mentor: MentorsClient, database: Database, value: Any
) -> None:
    fields = [
        "username", "email", "password", "re_password", "first_name", "phone_number", "profile_photo",
        "is_mentor", "is_active", "code", "about_me", "skills", "team_number", "start_time", "end_time",
        "mentor_availability", "session_length", "status", "sixty_minute_alert", "$where", "a.b", "_id",
    ]  # fmt: skip
    for method, path in WITH_BODY:
        await mentor(method, path, {**dict.fromkeys(fields, value), "is_active": True}, expect=None)
    person = await database.people._collection.find_one({"_id": mentor.pk})
    assert person is not None
    assert not {"$where", "a.b", "code", "skills"} & set(person)
    assert person["is_staff"] is False


@pytest.mark.parametrize("path", ["/mentor/", "/mentee/", "/availabilty/", "/session/", "/archivesession/"])
async def test_huge_and_strange_pages_are_refused_by_name(mentor: MentorsClient, path: str) -> None:
    for query in (
        "page=0",
        "page=-1",
        "page=abc",
        "page=1e9",
        "page=999999999",
        "page_size=0",
        "page_size=1001",
    ):
        body = await mentor("GET", f"{path}?{query}", expect=400)
        assert list(body) == [query.partition("=")[0]]
    assert await mentor("GET", f"{path}?page=100000") == []


async def test_every_route_but_two_wants_a_token(api: Api) -> None:
    open_to_all = 0
    for pattern, handler in ROUTES:
        path = pattern.replace("(?:/v2)?", "").replace("([1-9][0-9]{0,9})", "1").replace("([^/]{1,500})", "x")
        if re.search(r"[(|]", path):
            continue
        for method in ("GET", "POST", "PATCH", "DELETE"):
            if "_unimplemented_method" in getattr(handler, method.lower()).__qualname__:
                continue
            if not hasattr(getattr(handler, method.lower()), "access"):
                continue
            answer = await api(method, path.replace("?", ""), {} if method != "GET" else None)
            if answer.status != 401:
                open_to_all += 1
                assert answer.status == 400, (method, path)
            else:
                assert answer.headers["WWW-Authenticate"] == "Token"
    assert open_to_all == 2


def test_every_state_of_a_booking_has_a_word() -> None:
    assert set(STATUS_WORDS) == set(State)
    assert set(STATUS_WORDS.values()) == WORDS


async def test_a_closed_account_leaves_nothing_here(
    mentor: MentorsClient, mentee: MentorsClient, services: Any, database: Database
) -> None:
    start = services.clock.now().replace(year=2030)
    await mentor.publish(start, start.replace(hour=20), v2=True)
    await mentor("PATCH", f"/notificationsettings/{mentor.pk}", {"session_requested": False})
    await services.closing.close(await database.people.get(mentor.pk))
    await services.background.idle()
    assert await mentee("GET", "/mentor/") == []
    assert await mentee("GET", "/availabilty/") == []
    for collection in ("mentor_profiles", "availability", "notification_settings"):
        assert await getattr(database, collection)._collection.find_one({"_id": mentor.pk}) is None
