"""One's own account over contract gatherings: shown, changed, with a picture, and what is refused."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.clients.gatherings import GatheringsClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.gatherings.conftest import Join, Member
from tests.makers import token_of
from tests.pictures import PRETENDERS, opened, photo_with_gps, picture
from thserver.services.all import Services

INVALID_IMAGE = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."


async def test_get_own_account(join: Join) -> None:
    ann = await join("Ann")
    answer = await ann("GET", "/account/")
    assert answer.body == {
        "id": ann.id,
        "name": "Ann",
        "phone": ann.phone,
        "created": "1772463600",
        "hidden_phone": False,
        "avatar": None,
    }


@each_case(
    ("headers", "said"),
    [
        ({}, "Authentication credentials were not provided."),
        ({"Authorization": ""}, "Authentication credentials were not provided."),
        ({"Authorization": "Token"}, "Invalid token."),
        ({"Authorization": "Token wrong"}, "Invalid token."),
        ({"Authorization": "Token " + "x" * 5000}, "Invalid token."),
    ],
)
@each_case(
    ("method", "path"),
    [
        ("GET", "/account/"),
        ("PATCH", "/account/"),
        ("DELETE", "/account/"),
        ("GET", "/users/?users=1"),
        ("GET", "/users/1"),
        ("GET", "/blacklist/"),
        ("PUT", "/blacklist/"),
        ("DELETE", "/blacklist/"),
        ("GET", "/contacts/"),
        ("PUT", "/contacts/"),
        ("DELETE", "/contacts/"),
    ],
)
async def test_every_request_needs_a_good_token(
    api: Api, method: str, path: str, headers: dict[str, str], said: str
) -> None:
    answer = await GatheringsClient(api)(method, path, headers=headers, expect=401)
    assert answer.body == {"detail": said}
    assert answer.headers["WWW-Authenticate"] == "Token"


async def test_the_token_of_any_contract_is_good_in_any_form(join: Join, services: Services) -> None:
    ann = await join()
    token = await token_of(services, ann.person, "heroes")
    for headers in (
        {"Authorization": token},
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"token {token}"},
        {"Authorization": "", "X-Access-Token": token},
    ):
        answer = await ann("GET", "/account", headers=headers)
        assert answer.body["id"] == ann.id


@pytest.mark.parametrize("path", ["/account/", "/account"])
async def test_update_name_and_hidden_phone_as_json_form_and_multipart(join: Join, path: str) -> None:
    ann = await join()
    answer = await ann("PATCH", path, {"name": " Ada Lovelace ", "hidden_phone": True})
    assert (answer.body["name"], answer.body["hidden_phone"]) == ("Ada Lovelace", True)
    answer = await ann("PATCH", path, form=[("name", "Bea"), ("hidden_phone", "false")])
    assert (answer.body["name"], answer.body["hidden_phone"]) == ("Bea", False)
    answer = await ann("PATCH", path, parts=[("hidden_phone", None, b"true")])
    assert (answer.body["name"], answer.body["hidden_phone"]) == ("Bea", True)
    assert (await ann("GET", path)).body == answer.body


async def test_an_empty_update_changes_nothing(join: Join) -> None:
    ann = await join()
    before = (await ann("GET", "/account/")).body
    assert (await ann("PATCH", "/account/", {})).body == before
    assert (await ann("PATCH", "/account/")).body == before
    assert (
        await ann("PATCH", "/account/", {"id": 99, "phone": "+12025550199", "created": "1"})
    ).body == before


async def test_an_avatar_is_kept_and_its_address_works(join: Join, api: Api) -> None:
    ann = await join()
    answer = await ann("PATCH", "/account/", parts=[("avatar", "me.jpg", photo_with_gps())])
    url = answer.body["avatar"]
    assert url.startswith(api.base_url + "/media/")
    served = await api("GET", url.removeprefix(api.base_url))
    image = opened(served.raw)
    assert image.size == (100, 300)
    assert not image.getexif()
    thumb = await api("GET", url.removeprefix(api.base_url).replace(".jpg", "-thumb.jpg"))
    assert max(opened(thumb.raw).size) == 200


async def test_a_new_avatar_takes_the_place_of_the_former(join: Join, api: Api) -> None:
    ann = await join()
    first = (await ann("PATCH", "/account/", parts=[("avatar", "a.png", picture("PNG"))])).body["avatar"]
    second = (await ann("PATCH", "/account/", parts=[("avatar", "b.gif", picture("GIF"))])).body["avatar"]
    assert first != second
    assert (await api("GET", first.removeprefix(api.base_url))).status == 404
    assert (await api("GET", second.removeprefix(api.base_url))).status == 200


async def test_heroes_shows_the_avatar_as_profile_image_and_the_other_way_round(join: Join, api: Api) -> None:
    ann = await join()
    url = (await ann("PATCH", "/account/", parts=[("avatar", "me.jpg", picture())])).body["avatar"]
    profile = await api("GET", "/api/v1/accounts/profile", token=ann.token)
    assert profile.body["profile_image"] == url
    # An app that sends back what it was given changes nothing.
    again = await api("PATCH", "/api/v1/accounts/profile", {"profile_image": url}, token=ann.token)
    assert again.body["profile_image"] == url
    assert (await api("GET", url.removeprefix(api.base_url))).status == 200
    elsewhere = "https://example.com/me.jpg"
    await api("PATCH", "/api/v1/accounts/profile", {"profile_image": elsewhere}, token=ann.token)
    assert (await ann("GET", "/account/")).body["avatar"] == elsewhere
    assert (await api("GET", url.removeprefix(api.base_url))).status == 404


async def test_nobody_can_take_away_the_picture_of_another(join: Join, api: Api) -> None:
    ann, eve = await join("Ann"), await join("Eve")
    url = (await ann("PATCH", "/account/", parts=[("avatar", "me.jpg", picture())])).body["avatar"]
    for theirs in (url, "https://evil.example.com" + url.removeprefix(api.base_url)):
        await api("PATCH", "/api/v1/accounts/profile", {"profile_image": theirs}, token=eve.token)
        await eve("PATCH", "/account/", parts=[("avatar", "eve.jpg", picture())])
        assert (await api("GET", url.removeprefix(api.base_url))).status == 200


async def test_two_uploads_at_once_leave_one_avatar_and_no_orphan(
    join: Join, api: Api, database: Database, services: Services, clock: FakeClock
) -> None:
    ann = await join()
    await asyncio.gather(
        *(ann("PATCH", "/account/", parts=[("avatar", "me.jpg", picture())]) for _ in range(6))
    )
    clock.advance(hours=2)
    await services.media.collect_orphans()
    url = (await ann("GET", "/account/")).body["avatar"]
    assert (await api("GET", url.removeprefix(api.base_url))).status == 200
    assert await database.media_files._collection.count_documents({}) == 2
    assert await database.media._collection.count_documents({}) == 0


@each_case("kind", list(PRETENDERS))
async def test_what_is_no_image_is_refused_and_not_kept(ann: Member, database: Database, kind: str) -> None:
    answer = await ann("PATCH", "/account/", parts=[("avatar", "me.jpg", PRETENDERS[kind])], expect=400)
    assert answer.body == {"avatar": [INVALID_IMAGE]}
    for collection in (database.media_files, database.media_chunks, database.media):
        assert await collection._collection.count_documents({}) == 0


@each_case("avatar", ["text", "", 5, [], {}, None, True])
async def test_a_text_is_no_file(ann: Member, avatar: Any) -> None:
    assert (await ann("PATCH", "/account/", {"avatar": avatar}, expect=400)).body == {
        "avatar": [INVALID_IMAGE]
    }


async def test_all_that_is_wrong_is_said_together(join: Join) -> None:
    ann = await join()
    answer = await ann(
        "PATCH", "/account/", parts=[("name", None, b" "), ("avatar", "me.jpg", b"no")], expect=400
    )
    assert answer.body == {"name": ["This field may not be blank"], "avatar": [INVALID_IMAGE]}
    assert (await ann("GET", "/account/")).body["name"] == "Ann"


@each_case(
    ("body", "field", "said"),
    [
        ({"name": ""}, "name", "This field may not be blank"),
        ({"name": None}, "name", "This field may not be null."),
        ({"name": 5}, "name", "Not a valid string."),
        ({"name": "a\0b"}, "name", "Null characters are not allowed."),
        ({"name": "a" * 2001}, "name", "Ensure this field has no more than 2000 characters."),
        ({"hidden_phone": None}, "hidden_phone", "This field may not be null."),
        ({"hidden_phone": "maybe"}, "hidden_phone", "Must be a valid boolean."),
        ({"hidden_phone": 2}, "hidden_phone", "Must be a valid boolean."),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named(
    ann: Member, body: dict[str, Any], field: str, said: str
) -> None:
    assert (await ann("PATCH", "/account/", body, expect=400)).body == {field: [said]}


@each_case(
    ("raw", "status"),
    [
        (b"[]", 400),
        (b'"x"', 400),
        (b"{", 400),
        (b'{"name": "\\ud800"}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"name": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
)
async def test_a_body_that_can_not_be_read_is_refused(ann: Member, raw: bytes, status: int) -> None:
    await ann("PATCH", "/account/", raw=raw, expect=status)
    await ann("PUT", "/contacts/", raw=raw, expect=status)
    await ann("PUT", "/blacklist/", raw=raw, expect=status)


async def test_a_form_is_read_however_its_media_type_is_cased(join: Join) -> None:
    ann = await join()
    kind = {"Content-Type": "Application/X-WWW-Form-URLencoded"}
    assert (await ann("PATCH", "/account/", raw=b"name=Ann+Roe", headers=kind)).body["name"] == "Ann Roe"
    answer = await ann("PUT", "/contacts/", raw=b"phones=%2B13125550199", headers=kind, expect=400)
    assert list(answer.body) == ["names"]


async def test_uploads_are_bounded(join: Join) -> None:
    ann = await join()
    large = b"\xff\xd8" + b"x" * (10 * 1024 * 1024)
    answer = await ann("PATCH", "/account/", parts=[("avatar", "me.jpg", large)], expect=400)
    assert list(answer.body) == ["avatar"]
    await ann("PATCH", "/account/", parts=[("avatar", "me.jpg", large + b"x" * 100_000)], expect=413)
    await ann("PUT", "/contacts/", parts=[("phones", "me.jpg", large[:2_000_000])], expect=413)


@pytest.mark.parametrize(
    "filename", ["../../etc/passwd", "a%00.jpg", "CON", "x" * 9000, "\u202egpj.exe", "%22; filename=.html"]
)
async def test_the_name_of_a_file_does_not_matter(join: Join, filename: str) -> None:
    ann = await join()
    answer = await ann("PATCH", "/account/", parts=[("avatar", filename, picture())])
    assert answer.body["avatar"].endswith(".jpg")


@each_case(
    ("method", "path", "status"),
    [
        ("GET", "/account/x", 404),
        ("GET", "/auth", 404),
        ("GET", "/auth/nothing/here", 404),
        ("GET", "/users/abc", 404),
        ("GET", "/users/1/2", 404),
        ("GET", "/users/-1", 404),
        ("GET", "/users/0", 404),
        ("GET", "/users/" + "9" * 18, 404),
        ("GET", "/users/" + "9" * 19, 404),
        ("GET", "/users/%00", 404),
        ("GET", "/users/..%2f1", 404),
        ("GET", "/blacklist/1", 404),
        ("GET", "/contacts/1/", 404),
        ("POST", "/account/", 405),
        ("POST", "/users/", 405),
        ("DELETE", "/users/1", 405),
        ("POST", "/contacts/", 405),
        ("PATCH", "/blacklist/", 405),
    ],
)
async def test_unknown_paths_and_methods_answer_in_shape(
    ann: Member, method: str, path: str, status: int
) -> None:
    answer = await ann(method, path, expect=status)
    if status == 404:
        assert answer.body == {"detail": "Not found."}
    else:
        assert answer.body == {"detail": f'Method "{method}" not allowed.'}


async def test_head_and_options_work(join: Join) -> None:
    ann = await join()
    for path in ("/account/", "/contacts/", "/blacklist/", f"/users/{ann.id}", f"/users/?users={ann.id}"):
        await ann("HEAD", path)
        answer = await ann("OPTIONS", path, expect=204)
        assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]


async def test_an_expired_token_is_a_bad_one(join: Join, clock: FakeClock) -> None:
    ann = await join()
    clock.set(clock.now() + timedelta(days=31))
    assert (await ann("GET", "/account/", expect=401)).body == {"detail": "Invalid token."}
