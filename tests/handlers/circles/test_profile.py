"""One's own profile in contract circles, as JSON and as a form with a picture."""

from __future__ import annotations

from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.circle_makers import App, make_app
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.pictures import picture
from thserver.services.all import Services

PROFILE_SENT = {
    "secondary_email": "john.doe2@example.com",
    "first_name": "John",
    "last_name": "Smith",
    "dob": "1990-01-01",
    "gender": "male",
    "contact_number": "xxx",
    "country": "US",
}
BOUNDARY = "----circle"


def form(fields: dict[str, str], picture: bytes | None, *, name: str = "user[avatar]") -> dict[str, Any]:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    if picture is not None:
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="me.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        parts.append(head.encode() + picture + b"\r\n")
    return {
        "raw": b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(),
        "headers": {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    }


@pytest.fixture
def app_of_john(io_loop: Any, api: Api, services: Services) -> App:
    app: App = io_loop.run_sync(lambda: make_app(api, services, "john.doe@example.com"))
    return app


async def test_a_profile_before_it_is_filled_in(app_of_john: App) -> None:
    answer = await app_of_john.client.get("/profile/me")
    assert set(answer) == {"http_status_code", "user"}
    assert answer["user"] == {
        "id": app_of_john.id,
        "first_name": "John",
        "middle_name": None,
        "last_name": "Smith",
        "full_name": "John Smith",
        "email": "john.doe@example.com",
        "secondary_email": None,
        "secondary_email_confirmed": None,
        "level": "account_holder",
        "email_confirmed": True,
        "dob": None,
        "gender": None,
        "contact_number": None,
        "country": None,
        "avatar": None,
    }


async def test_update_profile(app_of_john: App) -> None:
    sent = {**PROFILE_SENT, "first_name": "Jon", "middle_name": "Q"}
    answer = await app_of_john.client.post("/profile/update", {"user": sent})
    assert set(answer) == {"http_status_code", "user"}
    assert {name: answer["user"][name] for name in sent} == sent
    assert answer["user"]["full_name"] == "Jon Q Smith"
    assert answer["user"]["secondary_email_confirmed"] is False
    assert await app_of_john.client.get("/profile/me") == answer
    # What is left out stays, what is blank goes.
    answer = await app_of_john.client.post(
        "/profile/update", {"user": {**PROFILE_SENT, "middle_name": "", "contact_number": ""}}
    )
    assert answer["user"]["middle_name"] is None
    assert answer["user"]["contact_number"] is None
    rest = {name: value for name, value in PROFILE_SENT.items() if name != "last_name"}
    answer = await app_of_john.client.post("/profile/update", {"user": rest})
    assert answer["user"]["last_name"] == "Smith"


async def test_the_documented_failure(app_of_john: App) -> None:
    sent = {**PROFILE_SENT, "first_name": "", "dob": "yesterday"}
    assert await app_of_john.client.post("/profile/update", {"user": sent}, expect=400) == {
        "message": "Failed to update profile. Please check for form errors",
        "http_status_code": 400,
        "error": {
            "code": "BAD_PARAMETERS",
            "errors": [
                {"field": "first_name", "message": "First name can not be blank"},
                {"field": "dob", "message": "Date of birth is not a date"},
            ],
        },
    }


@each_case(
    ("field", "value", "message"),
    [
        ("dob", "1990-02-30", "Date of birth is not a date"),
        ("dob", "1990-1-1", "Date of birth is not a date"),
        ("dob", "", "Date of birth can not be blank"),
        ("dob", 19900101, "Date of birth is invalid"),
        ("gender", "unknown", "Gender is not included in the list"),
        ("gender", None, "Gender can not be blank"),
        ("country", "U", "Country is too short (minimum is 2 characters)"),
        ("country", "x" * 51, "Country is too long (maximum is 50 characters)"),
        ("contact_number", "1" * 51, "Contact number is too long (maximum is 50 characters)"),
        ("secondary_email", "john", "Secondary email is invalid"),
        ("secondary_email", "", "Secondary email can not be blank"),
        ("middle_name", "x" * 26, "Middle name is too long (maximum is 25 characters)"),
    ],
)
async def test_a_wrong_field_is_named_and_changes_nothing(
    app_of_john: App, field: str, value: Any, message: str
) -> None:
    before = await app_of_john.client.get("/profile/me")
    problems = await app_of_john.client.refused("/profile/update", {"user": {**PROFILE_SENT, field: value}})
    assert problems == {field: [message]}
    assert await app_of_john.client.get("/profile/me") == before


async def test_required_fields_are_named_when_they_are_missing(app_of_john: App) -> None:
    problems = await app_of_john.client.refused("/profile/update", {"user": {}})
    assert list(problems) == ["first_name", "secondary_email", "dob", "gender", "contact_number", "country"]


async def test_a_picture_comes_as_multipart_and_is_reached_with_its_thumb(
    app_of_john: App, api: Api, database: Database
) -> None:
    fields = {f"user[{name}]": value for name, value in PROFILE_SENT.items()}
    answer = await app_of_john.client.post("/profile/update", **form(fields, picture("PNG", (400, 300))))
    avatar = answer["user"]["avatar"]
    assert answer["user"]["first_name"] == "John"
    for url in avatar.values():
        seen = await api("GET", url.removeprefix(api.base_url))
        assert seen.status == 200
        assert seen.headers["Content-Type"] in ("image/jpeg", "image/png")
    assert avatar["origin"] != avatar["thumb"]
    # The same picture is seen through other contracts.
    hero = HeroesClient(api, app_of_john.client.token)
    profile = (await hero("GET", "/accounts/profile")).body
    assert profile["profile_image"] == avatar["origin"]
    # A new one takes its place, and a form without one leaves it.
    again = await app_of_john.client.post("/profile/update", **form(fields, picture("PNG", (50, 50))))
    assert again["user"]["avatar"]["origin"] != avatar["origin"]
    assert (await api("GET", avatar["origin"].removeprefix(api.base_url))).status == 404
    kept = await app_of_john.client.post("/profile/update", **form(fields, None))
    assert kept["user"]["avatar"] == again["user"]["avatar"]


@pytest.mark.parametrize("data", [b"no picture", b"", b"<svg/>", picture("PNG", (4, 4))[:40]])
async def test_what_is_no_picture_is_refused_and_changes_nothing(app_of_john: App, data: bytes) -> None:
    fields = {f"user[{name}]": value for name, value in {**PROFILE_SENT, "first_name": "Eve"}.items()}
    problems = await app_of_john.client.refused("/profile/update", None, **form(fields, data))
    assert problems == {"avatar": ["Avatar is not an image"]}
    assert (await app_of_john.client.get("/profile/me"))["user"]["first_name"] == "John"


async def test_a_picture_of_ten_megabytes_and_more_is_refused(app_of_john: App) -> None:
    fields = {f"user[{name}]": value for name, value in PROFILE_SENT.items()}
    await app_of_john.client.post(
        "/profile/update", expect=400, **form(fields, b"\x00" * (10 * 1024 * 1024 + 1))
    )


async def test_nobody_writes_a_field_that_is_not_his(app_of_john: App, database: Database) -> None:
    mine = {
        "email": "eve@example.com",
        "is_staff": True,
        "id": 1,
        "_id": 1,
        "level": "admin",
        "email_confirmed": False,
        "secondary_email_confirmed": True,
        "avatar": "https://example.com/x.png",
        "image_url": "https://example.com/x.png",
        "password_hash": "x",
    }
    answer = await app_of_john.client.post("/profile/update", {"user": {**PROFILE_SENT, **mine}})
    assert answer["user"]["email"] == "john.doe@example.com"
    assert answer["user"]["secondary_email_confirmed"] is False
    assert answer["user"]["avatar"] is None
    person = await database.people.get(app_of_john.id)
    assert person is not None
    assert not person.is_staff
    kept = await database.circle_profiles._collection.find_one({"_id": app_of_john.id})
    assert kept is not None
    assert set(kept) == {"_id", "secondary_email", "dob", "gender", "contact_number", "country"}


async def test_a_changed_name_reaches_other_contracts(app_of_john: App, api: Api) -> None:
    await app_of_john.client.post("/profile/update", {"user": {**PROFILE_SENT, "first_name": "Jon"}})
    profile = await HeroesClient(api, app_of_john.client.token)("GET", "/accounts/profile")
    assert profile.body["first_name"] == "Jon"


async def test_closing_takes_the_profile_away(app_of_john: App, database: Database) -> None:
    await app_of_john.client.post("/profile/update", {"user": PROFILE_SENT})
    await app_of_john.client.post("/profile/close_account", {"password": "secret"})
    assert await database.circle_profiles._collection.count_documents({}) == 0
