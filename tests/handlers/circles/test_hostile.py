"""Whatever is sent to contract circles, the answer is an envelope: never a raw error, and nothing is stored."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

from handlers.circles.base import UnknownEndpoint
from handlers.circles.routes import ROUTES
from store.database import Database
from tests.cases import each_case
from tests.circle_makers import App, make_app
from tests.clients.circles import ROOT, CirclesClient
from tests.clients.http import Api
from thserver.domain.errors import Unavailable
from thserver.services.all import Services

GETS = ("/profile/me", "/friendship/followers", "/friendship/following", "/death_notice/info")
# Path → the object under which the fields stand, and one body with every field in it.
POSTS: dict[str, dict[str, Any]] = {
    "/authentication/login": {"user": {"email": "a@example.com", "password": "secret"}},
    "/registration/register": {
        "user": {
            "email": "a@example.com",
            "password": "secret",
            "password_confirmation": "secret",
            "first_name": "A",
            "last_name": "B",
            "invite_token": "x",
        }
    },
    "/registration/confirm": {"token": "abcdefghij"},
    "/profile/update": {
        "user": {
            "first_name": "A",
            "middle_name": "B",
            "last_name": "C",
            "secondary_email": "s@example.com",
            "dob": "1990-01-01",
            "gender": "male",
            "contact_number": "1",
            "country": "US",
        }
    },
    "/profile/close_account": {"password": "not it"},
    "/profile/update_password": {"user": {"password": "newpass"}},
    "/password/forgot": {"user": {"email": "a@example.com"}},
    "/password/reset": {"token": "abcdefgh", "password": "newpass"},
    "/friendship/add_one": {
        "user": {
            "email": "a@example.com",
            "first_name": "A",
            "middle_name": "B",
            "last_name": "C",
            "level": "lifelink",
        }
    },
    "/friendship/add_many": {"users": [{"email": "a@example.com", "first_name": "A", "level": "lifelink"}]},
    "/friendship/resend_invitation": {"user": {"email": "a@example.com"}},
    "/friendship/update_invitation": {
        "user": {"email": "a@example.com", "first_name": "A", "level": "lifelink"}
    },
    "/friendship/accept_invitation": {"invite_token": "x"},
    "/friendship/reject_invitation": {"invite_token": "x"},
    "/friendship/remove_follower": {"user": {"email": "a@example.com"}},
    "/friendship/unfollow": {"user": {"email": "a@example.com"}},
    "/death_notice/save": {
        "death_notice": {
            "content": "x",
            "email_receive_condolences": "a@example.com",
            "address_receive_flowers": "x",
            "ewake_visibility": "public",
        }
    },
    "/death_notice/initiate": {
        "initiation": {
            "email": "a@example.com",
            "date_of_death": "2026-03-01",
            "confirm_email_address": "x",
            "confirm_physical_address": "x",
        }
    },
    "/death_notice/authorise": {
        "authorisation": {
            "email": "a@example.com",
            "confirm_email_address": "x",
            "confirm_physical_address": "x",
        }
    },
    "/death_notice/send_funeral_details": {
        "funeral_details": {
            "email": "a@example.com",
            "time": "2026-03-08 11:55:00",
            "location": "x",
            "details": "x",
        }
    },
}
VALUES: list[Any] = [
    None,
    True,
    7,
    -1,
    2**63,
    0.1,
    "",
    " ",
    "nul\x00",
    "\x00",
    "x" * 100_000,
    "\U0001f600" * 30,
    "\u202e",
    "a@b",
    "a@example.com\nBcc: b@example.com",
    [],
    ["x"],
    {},
    {"$ne": None},
    {"$where": "1"},
    {"a.b": 1},
    "$email",
    "0001-01-01",
    "9999-12-31 23:59:59",
    "2026-02-30",
]
RAW = [
    b"null",
    b"[]",
    b'"x"',
    b"7",
    b"{",
    b'{"user": {"email": "a@example.com"}',
    b"\xef\xbb\xbf{}",
    '{"user": {}}'.encode("utf-16"),
    b'{"user": {}, "user": {}}',
    b'{"user": {"email": "\\ud800"}}',
    b'{"user": NaN}',
    b'{"user": 1e400}',
    b'{"user": ' + b"9" * 5000 + b"}",
    b'{"user": {}} x',
    b"[" * 100_000,
    b'{"user":' * 50_000,
    b"\xff\xfe",
    b'{"user": []}',
    b'{"user": "x"}',
    b'{"user": 7}',
    b'{"users": {"0": 1}}',
    b'{"users": "x"}',
]


@pytest.fixture
def app_of_john(io_loop: IOLoop, api: Api, services: Services) -> App:
    app: App = io_loop.run_sync(lambda: make_app(api, services, "john.doe@example.com"))
    return app


async def documents(database: Database) -> dict[str, int]:
    return {
        name: await getattr(database, name)._collection.count_documents({})
        for name in ("people", "friendships", "death_notices", "circle_profiles", "bookings", "outbox")
    }


def test_every_route_is_tried_here() -> None:
    paths = {
        pattern.removeprefix(ROOT).removesuffix("/?")
        for pattern, each in ROUTES
        if each is not UnknownEndpoint
    }
    assert paths == {*GETS, *POSTS}


@each_case("path", sorted(POSTS))
async def test_a_body_that_is_no_object_is_refused_whole(
    app_of_john: App, services: Services, database: Database, path: str
) -> None:
    await services.background.idle()
    before = await documents(database)
    for raw in RAW:
        answer = await app_of_john.client.post(path, raw=raw, expect=None)
        assert answer["http_status_code"] in (400, 401), (raw[:50], answer)
    await services.background.idle()
    assert await documents(database) == before


@pytest.mark.parametrize("path", sorted(POSTS))
async def test_hostile_values_are_answered_with_an_envelope(
    app_of_john: App, path: str, services: Services, database: Database
) -> None:
    body = POSTS[path]
    name, inner = next(iter(body.items()))
    fields = inner if isinstance(inner, dict) else inner[0] if isinstance(inner, list) else body
    for field in fields:
        for value in VALUES:
            sent: dict[str, Any]
            if fields is body:
                sent = {**body, field: value}
            else:
                changed = {**fields, field: value}
                sent = {name: [changed] if isinstance(inner, list) else changed}
            await app_of_john.client.post(path, sent, expect=None)
    await services.background.idle()
    john = await database.people.with_email("john.doe@example.com")
    assert john is not None


@each_case("path", sorted({*GETS, *POSTS}))
async def test_a_wrong_method_is_no_endpoint(api: Api, services: Services, path: str) -> None:
    client = CirclesClient(api)
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"} - {"GET" if path in GETS else "POST"}
    for method in methods:
        answer = await client(method, path, {}, expect=404, code="ENDPOINT_NOT_EXISTS")
        assert set(answer) == {"message", "http_status_code", "error"}


@each_case(
    "path", ["", "/", "/nothing", "/profile", "/profile/me/x", "/friendship/..%2fprofile", "/%00", "/%ff"]
)
async def test_an_unknown_path_is_no_endpoint(api: Api, services: Services, path: str) -> None:
    await CirclesClient(api).get(path, expect=404, code="ENDPOINT_NOT_EXISTS")


@each_case("path", sorted({*GETS, *POSTS}))
async def test_every_path_has_its_twin_with_a_slash_and_answers_cors(
    api: Api, services: Services, path: str
) -> None:
    method = "GET" if path in GETS else "POST"
    client = CirclesClient(api)
    with_slash = await client(method, f"{path}/", {}, expect=None)
    assert with_slash == await client(method, path, {}, expect=None)
    assert with_slash["http_status_code"] != 404
    answer = await api("OPTIONS", ROOT + path)
    assert answer.status == 204
    assert "X-Access-Token" in answer.headers["Access-Control-Allow-Headers"]


OPEN = {
    "/authentication/login",
    "/registration/register",
    "/registration/confirm",
    "/password/forgot",
    "/password/reset",
    "/friendship/accept_invitation",
    "/friendship/reject_invitation",
}


@each_case("path", sorted({*GETS, *POSTS} - OPEN))
async def test_without_a_good_token_nothing_is_done(api: Api, services: Services, path: str) -> None:
    for token in (None, "x", "0" * 40):
        client = CirclesClient(api, token)
        method = "GET" if path in GETS else "POST"
        await client(method, path, POSTS.get(path), expect=401, code="ACCESS_TOKEN_INVALID")


@each_case(
    ("kind", "raw"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nv\r\n--x--\r\n'),
        ("application/x-www-form-urlencoded", b"user[email]=%ff&user[password]=x"),
        ("application/x-www-form-urlencoded", b"user=x&user[email]=y"),
        ("application/x-www-form-urlencoded", b"user[email]=y&user=x&user[email][x]=z"),
        ("application/x-www-form-urlencoded", b"user[[[email]=y&]=&[=&user[]=1&user[a][b][c][d][e]=1"),
        ("application/x-www-form-urlencoded", b"users[99999999][email]=y&users[-1][email]=z"),
        ("application/x-www-form-urlencoded", b"&".join(b"users[%d][email]=y" % n for n in range(3000))),
        ("application/xml", b"<user/>"),
        ("text/xml", b"<user/>"),
        ("application/json", b"\x00"),
        ("", b"\x00"),
    ],
)  # fmt: skip
async def test_forms_and_other_kinds_that_are_broken_get_an_envelope(
    app_of_john: App, kind: str, raw: bytes
) -> None:
    for path in ("/authentication/login", "/profile/update", "/friendship/add_many"):
        answer = await app_of_john.client.post(path, raw=raw, headers={"Content-Type": kind}, expect=None)
        assert answer["http_status_code"] in (400, 401)


async def test_a_body_of_more_than_a_megabyte_is_refused(app_of_john: App) -> None:
    raw = b'{"user": {"email": "' + b"x" * (1024 * 1024) + b'"}}'
    await app_of_john.client.post("/friendship/add_one", raw=raw, expect=400, code="BAD_REQUEST")


@each_case(
    "query", ["?page=%ff", "?level=%00", "?sort[]=x", "?page[x]=1", "?level[$ne]=1", "?" + "a=1&" * 2000]
)
async def test_a_hostile_query_gets_an_envelope(app_of_john: App, query: str) -> None:
    for path in GETS:
        await app_of_john.client.get(path + query, expect=None)


async def test_a_database_that_is_away_is_maintenance_and_our_own_bug_a_server_error(
    app_of_john: App, services: Services, monkeypatch: pytest.MonkeyPatch, api: Api
) -> None:
    async def away(*args: Any, **kwargs: Any) -> Any:
        raise Unavailable

    async def broken(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(services.circle_accounts, "profile", away)
    await app_of_john.client.get("/profile/me", expect=503, code="SERVER_MAINTENANCE")
    monkeypatch.setattr(services.circle_accounts, "profile", broken)
    # Not by the usual client, which takes no server error.
    answer = await AsyncHTTPClient().fetch(
        f"{api.base_url}{ROOT}/profile/me", headers={"X-Access-Token": app_of_john.client.token or ""}
    )
    body = orjson.loads(answer.body)
    assert (body["http_status_code"], body["error"]) == (500, {"code": "SERVER_ERROR"})
    assert b"ZeroDivisionError" not in answer.body


async def test_names_are_escaped_in_letters(app_of_john: App, services: Services) -> None:
    name = "<b>Bo</b>\r\nBcc: x@y.z"
    user = {"email": "a@example.com", "first_name": name, "level": "lifelink"}
    await app_of_john.client.post("/friendship/add_one", {"user": user})
    await services.background.idle()
    (letter,) = services.practice.mail.letters_to("a@example.com")
    assert "<b>" not in letter["html"]
    assert "&lt;b&gt;" in letter["html"]
    assert "\n" not in letter["subject"]
