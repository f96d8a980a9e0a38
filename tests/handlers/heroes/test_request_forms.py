"""What bodies contract heroes takes, how it writes times, and that no secret of a journey is kept or logged."""

from __future__ import annotations

import dataclasses
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import Settings
from store.database import Database
from tests.cases import each_case
from tests.clients.heroes import HeroesClient
from tests.fakes.clock import FakeClock
from tests.handlers.heroes.account_makers import REGISTRATION
from tests.makers import mailed_token, make_person, texted_code
from thserver.services.all import Services


async def test_get_a_users_local_time(client: HeroesClient, services: Services) -> None:
    await client.register()
    other = await make_person(services, timezone="America/Chicago")
    body = {"user_id": other.uuid, "utc_datetime": "2016-12-19T19:27:00.066963Z"}
    answer = await client("POST", "/accounts/get-time", body)
    assert answer.body == {"user_local_datetime": "2016-12-19T13:27:00.066963Z"}
    summer = {"user_id": other.uuid.upper(), "utc_datetime": "2016-07-19T19:27:00Z"}
    answer = await client("POST", "/accounts/get-time", summer)
    assert answer.body == {"user_local_datetime": "2016-07-19T14:27:00.000000Z"}


@each_case(
    ("field", "value"),
    [
        ("user_id", "3464941c-eb34-4bc8-83ef-673c3d829641"),
        ("user_id", "1"),
        ("user_id", 1),
        ("user_id", None),
        ("user_id", {"$gt": ""}),
        ("utc_datetime", "yesterday"),
        ("utc_datetime", "2016-02-30T00:00:00Z"),
        ("utc_datetime", "0001-01-01T00:00:00+14:00"),
        ("utc_datetime", "9999-12-31T23:59:59Z"),
        ("utc_datetime", 1482175620),
    ],
)
async def test_local_time_names_the_field_that_is_wrong(
    client: HeroesClient, registered: dict[str, Any], field: str, value: Any
) -> None:
    body = {"user_id": registered["id"], "utc_datetime": "2016-12-19T19:27:00.066963Z", field: value}
    answer = await client("POST", "/accounts/get-time", body, expect=400)
    assert list(answer.body) == [field]


@each_case(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"7",
        b'{"phone": ',
        b'\xef\xbb\xbf{"phone": "5555555555"}',
        '{"phone": "5555555555"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"phone": NaN}',
        b'{"phone": 1e400}',
        b'{"phone": ' + b"9" * 5000 + b"}",
        b'{"phone": "5555555555"} junk',
        b'{"phone": "\\ud800"}',
        b'{"phone": "\xff"}',
    ],
)
async def test_a_body_that_is_no_json_object_is_refused_and_stores_nothing(
    client: HeroesClient, database: Database, raw: bytes
) -> None:
    for path in (
        "/accounts/phone-token",
        "/accounts/register",
        "/accounts/login",
        "/accounts/request-password",
    ):
        await client("POST", path, raw=raw, expect=400)
    assert await database.codes._collection.count_documents({}) == 0
    assert await database.people._collection.count_documents({}) == 0


async def test_a_body_of_a_megabyte_and_more_is_refused(client: HeroesClient) -> None:
    raw = b'{"phone": "' + b"5" * 1_100_000 + b'"}'
    await client("POST", "/accounts/phone-token", raw=raw, expect=413)


async def test_forms_are_read_too(client: HeroesClient) -> None:
    await client(
        "POST",
        "/accounts/phone-token",
        raw=b"phone=5555555555",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        expect=201,
    )


async def test_no_secret_of_a_whole_journey_is_kept_or_logged(
    client: HeroesClient,
    services: Services,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ["s3cret-passw0rd", "n3w-passw0rd"]
    code = (await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=201)).body
    body = {**REGISTRATION, **code, "password": secrets[0]}
    secrets += [code["phone_token"]]
    secrets += [(await client("POST", "/accounts/register", body, expect=201)).body["token"]]
    secrets += [await mailed_token(services, "test@test.com", length=10)]
    await client("POST", "/accounts/verify-email", {"token": secrets[-1]})
    await client("PATCH", "/accounts/profile", {"phone": "2025550111", "email": "new@test.com"})
    secrets += [
        texted_code(services, "+12025550111"),
        await mailed_token(services, "new@test.com", length=10),
    ]
    await client("POST", "/accounts/verify-email", {"token": secrets[-1]})
    await client("POST", "/accounts/request-password", {"email": "new@test.com"})
    secrets += [await mailed_token(services, "new@test.com", length=8)]
    change = {"token": secrets[-1], "new_password": secrets[1]}
    secrets += [(await client("POST", "/accounts/reset-password", change)).body["token"]]
    await services.background.idle()
    kept = [
        str(document)
        for name in await database._database.list_collection_names()
        async for document in database._database[name].find()
    ]
    assert len(kept) > 5
    dump, log = "\n".join(kept), caplog.text
    assert len(secrets) == 9
    assert [secret for secret in secrets if secret in dump or secret in log] == []
    assert "Traceback" not in log
    assert dataclasses.asdict(settings)["secret_key"] not in dump


async def test_times_are_utc_with_six_digits(client: HeroesClient, clock: FakeClock) -> None:
    clock.set(datetime(2026, 7, 1, 23, 59, 59, 123000, tzinfo=UTC))
    assert (await client.register())["created"] == "2026-07-01T23:59:59.123000Z"
