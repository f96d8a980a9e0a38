"""What people give of themselves is answered as they gave it, and is as described still."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from store.database import Database
from tests.clients.http import Api
from tests.makers import make_person, token_of
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.all import Services

# Where each contract shows somebody himself.
OWN = (
    "/api/account/",
    "/api/users/me/",
    "/api/v1/accounts/profile",
    "/api/v1/user/profile/me",
    "/myprofile/",
)
NO_NAME: dict[str, Any] = {"first_name": "", "last_name": ""}


@pytest.mark.parametrize(
    "address", ["https://exämple.com/ü", "https://example.com/{cam}", "https://example.com/%zz"]
)
async def test_a_picture_may_have_any_address_that_was_taken(
    api: Api, services: Services, address: str
) -> None:
    token = await token_of(services, await make_person(services))
    changed = await api("PATCH", "/api/v1/accounts/profile", {"profile_image": address}, token=token)
    assert changed.body["profile_image"] == address
    for path in OWN:
        scheme = "Bearer" if path == "/api/users/me/" else "Token"
        assert (await api("GET", path, token=f"{scheme} {token}")).status == 200


@pytest.mark.parametrize("address", ["bö@exämple.de", "a..b@example.com"])
async def test_an_address_that_was_taken_is_answered(api: Api, services: Services, address: str) -> None:
    token = await token_of(services, await make_person(services))
    changed = await api("PATCH", "/api/v1/accounts/profile", {"email": address}, token=token)
    assert changed.body["email_pending"] == address


@pytest.mark.parametrize("known", [{"first_name": "Ann"}, {"username": "ann"}, {"email": "ann@example.com"}])
async def test_whoever_comes_from_another_contract_is_told_of_himself_in_each(
    api: Api, services: Services, clock: Clock, database: Database, known: dict[str, Any]
) -> None:
    """With little known of him: each contract asks for something else."""
    now = clock.now()
    number = await database.numbers.next("people")
    ann = Person(id=number, uuid=str(uuid.uuid4()), created=now, updated=now, **{**NO_NAME, **known})
    await database.people.add(ann)
    token = await token_of(services, ann)
    for path in OWN:
        scheme = "Bearer" if path == "/api/users/me/" else "Token"
        assert (await api("GET", path, token=f"{scheme} {token}")).status == 200
