"""One's own profile over contract heroes: read, changed in part, and what is refused."""

from __future__ import annotations

from typing import Any

from tests.cases import each_case
from tests.clients.heroes import PROFILE, HeroesClient
from tests.fakes.clock import FakeClock
from tests.makers import mailed_token, make_person, texted_code
from thserver.services.all import Services

IMAGE = "https://media.licdn.com/mpr/mpr/shrink_100_100/p/5/005/040/0cd/008cf89.jpg"


async def test_get_the_users_profile(client: HeroesClient) -> None:
    await client.register()
    answer = await client("GET", "/accounts/profile/")
    assert list(answer.body) == PROFILE


async def test_update_the_users_profile(client: HeroesClient, services: Services, clock: FakeClock) -> None:
    await client.register()
    clock.advance(hours=1)
    answer = await client(
        "PATCH",
        "/accounts/profile",
        {
            "email": "bradytime@gmail.com",
            "first_name": "Tom",
            "last_name": "Brady",
            "is_active": False,
            "email_notifications": False,
            "phone": "1234567890",
            "profile_image": IMAGE,
        },
    )
    assert list(answer.body) == PROFILE
    assert {name: answer.body[name] for name in PROFILE[1:13]} == {
        "first_name": "Tom",
        "last_name": "Brady",
        "email": "test@test.com",
        "email_verified": False,
        "email_notifications": False,
        "phone": None,
        "phone_verified": False,
        "profile_image": IMAGE,
        "is_active": False,
        "email_pending": "bradytime@gmail.com",
        "phone_pending": "1234567890",
        "timezone": "America/Chicago",
    }
    assert answer.body["updated"] == "2026-03-02T16:00:00.000000Z"
    assert (await client("GET", "/accounts/profile")).body == answer.body
    # Codes reach him although he is not active; signing in still works.
    assert texted_code(services, "+11234567890")
    assert await mailed_token(services, "bradytime@gmail.com", length=10)
    await HeroesClient(client.api).log_in()


async def test_the_zone_can_be_changed_and_the_picture_taken_away(client: HeroesClient) -> None:
    await client.register()
    await client("PATCH", "/accounts/profile", {"profile_image": IMAGE, "timezone": "Europe/Berlin"})
    for nothing in (None, ""):
        answer = await client("PATCH", "/accounts/profile", {"profile_image": nothing})
        assert (answer.body["profile_image"], answer.body["timezone"]) == (None, "Europe/Berlin")


async def test_an_empty_change_changes_nothing(client: HeroesClient, clock: FakeClock) -> None:
    body = await client.register()
    clock.advance(hours=1)
    answer = await client("PATCH", "/accounts/profile", {"email": "test@test.com", "phone": "5555555555"})
    assert answer.body["phone"] == "5555555555"
    answer = await client("PATCH", "/accounts/profile", {})
    assert answer.body["email"] == body["email"]


async def test_what_is_taken_is_named_and_nothing_is_changed(
    client: HeroesClient, services: Services
) -> None:
    other = await make_person(services, email="other@test.com", phone="+12025550111")
    assert other.phone
    before = await client.register()
    answer = await client(
        "PATCH",
        "/accounts/profile",
        {"email": "other@test.com", "phone": "2025550111", "first_name": "Tom"},
        expect=400,
    )
    assert sorted(answer.body) == ["email", "phone"]
    assert (await client("GET", "/accounts/profile")).body == {name: before[name] for name in PROFILE}


async def test_nothing_is_changed_when_the_carrier_refuses(client: HeroesClient) -> None:
    before = await client.register()
    body = {"phone": "5005550001", "first_name": "Tom"}
    await client("PATCH", "/accounts/profile", body, expect=424)
    assert (await client("GET", "/accounts/profile")).body == {name: before[name] for name in PROFILE}


@each_case(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", None),
        ("first_name", ""),
        ("first_name", None),
        ("last_name", {"$set": 1}),
        ("last_name", "x\x00y"),
        ("first_name", "x" * 2001),
        ("is_active", "maybe"),
        ("is_active", 1),
        ("is_active", None),
        ("email_notifications", [True]),
        ("phone", "555"),
        ("phone", None),
        ("profile_image", "javascript:alert(1)"),
        ("profile_image", 5),
        ("timezone", "Mars/Olympus"),
    ],
)
async def test_a_profile_takes_only_what_fits(
    client: HeroesClient, registered: dict[str, Any], field: str, value: Any
) -> None:
    answer = await client("PATCH", "/accounts/profile", {"first_name": "Tom", field: value}, expect=400)
    assert list(answer.body) == [field]
    assert (await client("GET", "/accounts/profile")).body == {name: registered[name] for name in PROFILE}
