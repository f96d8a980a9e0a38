"""What people give of themselves is answered as they gave it, and is as described still."""

from __future__ import annotations

import pytest

from tests.clients.http import Api
from tests.makers import make_person, token_of
from thserver.services.all import Services


@pytest.mark.parametrize(
    "address", ["https://exämple.com/ü", "https://example.com/{cam}", "https://example.com/%zz"]
)
async def test_a_picture_may_have_any_address_that_was_taken(
    api: Api, services: Services, address: str
) -> None:
    token = await token_of(services, await make_person(services))
    changed = await api("PATCH", "/api/v1/accounts/profile", {"profile_image": address}, token=token)
    assert changed.body["profile_image"] == address
    for path in ("/api/account/", "/myprofile/", "/api/v1/user/profile/me", "/api/v1/accounts/profile"):
        assert (await api("GET", path, token=f"Token {token}")).status == 200
    assert (await api("GET", "/api/users/me/", token=f"Bearer {token}")).status == 200


@pytest.mark.parametrize("address", ["bö@exämple.de", "a..b@example.com"])
async def test_an_address_that_was_taken_is_answered(api: Api, services: Services, address: str) -> None:
    token = await token_of(services, await make_person(services))
    changed = await api("PATCH", "/api/v1/accounts/profile", {"email": address}, token=token)
    assert changed.body["email_pending"] == address
