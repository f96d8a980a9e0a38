"""Signing up and in with a code over contract gatherings, and what is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from typing import Any

import pytest

from config.settings import Settings
from store.database import Database
from tests.cases import each_case
from tests.clients.gatherings import GatheringsClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.handlers.gatherings.conftest import Join
from tests.handlers.gatherings.sign_in_makers import PHONE, WRONG, other_than, send
from tests.makers import make_person, texted_code, token_of
from tests.pictures import PRETENDERS, opened, picture
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services

INVALID_IMAGE = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
NO_FILE = "No file was submitted."
INVALID_PHONE = {"phone": ["Invalid phone number."]}


async def test_send_code_says_whether_the_number_is_new(
    app_of: GatheringsClient, join: Join, carrier: SimulatedCarrier
) -> None:
    ann = await join()
    answer = await app_of("POST", "/auth/code/", {"phone": PHONE}, expect=201)
    assert answer.body == {"is_new": True}
    assert await send(app_of, ann.phone) is False
    body = carrier.texts_to(PHONE)[-1]["body"]
    assert re.fullmatch(
        r"Your Tech Heroes code is (\d{6})\. It is good for 5 minutes\. Never tell it to anybody\.\n\n"
        r"@www\.techheroes\.xyz #\1",
        body,
    )


@pytest.mark.parametrize("kind", ["json", "form", "multipart"])
async def test_a_new_person_signs_up_and_in_again(
    app_of: GatheringsClient, services: Services, api: Api, kind: str
) -> None:
    await send(app_of)
    fields = {"phone": PHONE, "code": texted_code(services, PHONE), "is_new": "true", "name": "Ann de Vries"}
    answer = await app_of(
        "POST",
        "/auth/users/",
        parts=[
            *((name, None, value.encode()) for name, value in fields.items()),
            ("avatar", "a.png", picture()),
        ],
        expect=201,
    )
    assert list(answer.body) == ["user_id", "token"]
    ann = GatheringsClient(api, answer.body["token"])
    account = (await ann("GET", "/account/")).body
    assert account == {
        "id": answer.body["user_id"],
        "name": "Ann de Vries",
        "phone": PHONE,
        "created": "1772463600",
        "hidden_phone": False,
        "avatar": account["avatar"],
    }
    shown = await api("GET", account["avatar"].removeprefix(api.base_url))
    assert opened(shown.raw).size == (300, 200)

    assert await send(app_of) is False
    body = {"phone": PHONE, "code": texted_code(services, PHONE)}
    requests: dict[str, dict[str, Any]] = {
        "json": {"body": body},
        "form": {"form": list(body.items())},
        "multipart": {"parts": [(name, None, value.encode()) for name, value in body.items()]},
    }
    again = await app_of("POST", "/auth/users", expect=201, **requests[kind])
    assert list(again.body) == ["user_id", "token"]
    assert again.body["user_id"] == account["id"]


async def test_a_new_persons_zone_follows_from_the_number(
    app_of: GatheringsClient, database: Database
) -> None:
    for phone, zone in ((PHONE, "America/New_York"), ("+13125550142", "America/Chicago")):
        member = await app_of.sign_up(phone, "Ann", code="00000")
        person = await database.people.get(member)
        assert person is not None
        assert person.timezone == zone
    # A mobile of a country with many zones tells nothing.
    person = await database.people.get(await app_of.sign_up("+79250741413", "Boris", code="00000"))
    assert person is not None
    assert person.timezone == "UTC"


async def test_a_person_of_another_contract_signs_in_with_his_number(
    app_of: GatheringsClient, services: Services, api: Api
) -> None:
    cam = await make_person(services, phone=PHONE)
    assert await send(app_of) is False
    body = {"phone": PHONE, "code": texted_code(services, PHONE)}
    answer = await app_of("POST", "/auth/users/", body, expect=201)
    assert answer.body["user_id"] == cam.id
    profile = await HeroesClient(api, answer.body["token"])("GET", "/accounts/profile")
    assert profile.body["id"] == cam.uuid


async def test_whoever_came_by_phone_can_add_an_address_and_a_password_later(
    app_of: GatheringsClient, services: Services, api: Api
) -> None:
    ann_id = await app_of.sign_up(PHONE, "Ann Lee", code="00000")
    heroes = HeroesClient(api, app_of.token)
    profile = (await heroes("PATCH", "/accounts/profile", {"email": "ann@example.com"})).body
    assert profile["email_pending"] == "ann@example.com"
    await services.background.idle()
    letter = services.practice.mail.letters_to("ann@example.com")[-1]["text"]
    found = re.search(r"asked for it: ([a-z0-9]{10})\n", letter)
    assert found, letter
    await heroes("POST", "/accounts/verify-email", {"token": found[1]}, expect=None)
    person = await services.sign_in.who(app_of.token or "")
    assert (person.id, person.email, person.email_verified) == (ann_id, "ann@example.com", True)
    # His number can not become a second account, whichever contract tries.
    await HeroesClient(api)("POST", "/accounts/phone-token", {"phone": PHONE}, expect=400)


async def test_whoever_signs_up_is_in_the_contacts_of_all_who_had_his_number(
    app_of: GatheringsClient, join: Join
) -> None:
    ben, cat = await join("Ben"), await join("Cat")
    for each in (ben, cat):
        assert (await each("PUT", "/contacts/", {"names": ["A"], "phones": [PHONE]})).body == []
    ann_id = await app_of.sign_up(PHONE, "Ann", code="00000")
    for each in (ben, cat):
        contacts = (await each("GET", "/contacts/")).body
        assert [(entry["id"], entry["phone"]) for entry in contacts] == [(ann_id, PHONE)]


async def test_a_new_token_ends_those_that_this_contract_gave_before(
    app_of: GatheringsClient, join: Join, services: Services, api: Api
) -> None:
    ann = await join()
    elsewhere = await token_of(services, ann.person, "heroes")
    body = {"phone": ann.phone, "code": "00000"}
    token = (await app_of("POST", "/auth/users/", body, expect=201)).body["token"]
    refused = await ann("GET", "/account/", expect=401)
    assert refused.body == {"detail": "Invalid token."}
    for good in (token, elsewhere):
        await GatheringsClient(api, good)("GET", "/account/")


# What is refused.


@each_case("path", ["/auth/code/", "/auth/users/"])
@each_case(
    "phone",
    ["5555555555", "+1", "+1202555014x", "12025550141", "+٢٠٢٥٥٥٠١٤١", "+12025550141;ext=1", "+" + "1" * 50, 5, True]
    + [["+12025550141"], {"$ne": None}, "+1202\u00005550141", "+999999999999"],
)  # fmt: skip
async def test_what_is_no_number_is_said_to_be_none(app_of: GatheringsClient, path: str, phone: Any) -> None:
    answer = await app_of("POST", path, {"phone": phone, "code": "123456"}, expect=400)
    assert answer.body == INVALID_PHONE


async def test_fields_that_are_missing_are_asked_for(app_of: GatheringsClient) -> None:
    required = ["This field is required."]
    assert (await app_of("POST", "/auth/code/", {}, expect=400)).body == {"phone": required}
    assert (await app_of("POST", "/auth/code/", expect=400)).body == {"phone": required}
    answer = await app_of("POST", "/auth/users/", {}, expect=400)
    assert answer.body == {"phone": required, "code": required}
    answer = await app_of("POST", "/auth/users/", {"is_new": True}, expect=400)
    assert answer.body == {"phone": required, "code": required, "name": required, "avatar": [NO_FILE]}
    answer = await app_of("POST", "/auth/users/", {"is_new": "perhaps"}, expect=400)
    assert answer.body["is_new"] == ["Must be a valid boolean."]


@each_case("raw", [b"null", b"[]", b'"x"', b"{", b"\xff", b"1", b'{"phone": NaN}', b"{}x"])
async def test_a_body_that_is_no_object_is_refused(app_of: GatheringsClient, raw: bytes) -> None:
    for path in ("/auth/code/", "/auth/users/"):
        answer = await app_of("POST", path, raw=raw, expect=400)
        assert answer.body == {"detail": "JSON parse error."}


async def test_a_number_that_the_carrier_refuses_gets_no_code(
    app_of: GatheringsClient, carrier: SimulatedCarrier, database: Database
) -> None:
    answer = await app_of("POST", "/auth/code/", {"phone": "+15005550001"}, expect=400)
    assert answer.body == INVALID_PHONE
    carrier.faults.texts.append("refuse")
    assert (await app_of("POST", "/auth/code/", {"phone": PHONE}, expect=400)).body == INVALID_PHONE
    assert carrier.texts_to(PHONE) == []
    # Nothing is left that could be guessed at.
    for phone in (PHONE, "+15005550001"):
        kept = await database.codes.get(f"sign-in:{phone}")
        assert kept is not None
        assert kept.spent


async def test_a_number_outside_the_countries_gets_the_same_answer_and_no_text(
    app_of: GatheringsClient, carrier: SimulatedCarrier
) -> None:
    assert await send(app_of, "+79250741413") is True
    assert carrier.all_texts() == []


async def test_nobody_has_the_number(app_of: GatheringsClient, services: Services) -> None:
    await send(app_of)
    body = {"phone": PHONE, "code": texted_code(services, PHONE)}
    wrong = await app_of("POST", "/auth/users/", {**body, "code": other_than(body["code"])}, expect=400)
    assert wrong.body == WRONG
    answer = await app_of("POST", "/auth/users/", body, expect=404)
    assert answer.body == {"detail": "Not found."}
    # The code is still good for signing up.
    await app_of.sign_up(PHONE, "Ann", code=body["code"])


async def test_somebody_has_the_number_already(
    app_of: GatheringsClient, join: Join, services: Services
) -> None:
    ann = await join()
    await send(app_of, ann.phone)
    code = texted_code(services, ann.phone)
    wrong = await app_of.confirm_as_new(ann.phone, "Eve", code=other_than(code), expect=400)
    assert wrong.body == WRONG
    answer = await app_of.confirm_as_new(ann.phone, "Eve", code=code, expect=400)
    assert answer.body == {"phone": ["user with this phone already exists."]}
    answer = await app_of("POST", "/auth/users/", {"phone": ann.phone, "code": code}, expect=201)
    assert answer.body["user_id"] == ann.id


async def test_of_ten_who_sign_up_with_one_number_one_is_new(
    app_of: GatheringsClient, services: Services, database: Database
) -> None:
    answers = await asyncio.gather(
        *(app_of.confirm_as_new(PHONE, "Ann", code="00000", expect=None) for _ in range(10))
    )
    assert sorted(answer.status for answer in answers) == [201] + [400] * 9
    for answer in answers:
        if answer.status == 400:
            assert answer.body == {"phone": ["user with this phone already exists."]}


async def test_fields_are_checked_before_the_code_is_spent(
    app_of: GatheringsClient, services: Services
) -> None:
    await send(app_of)
    code = texted_code(services, PHONE)
    fields = [("phone", None, PHONE.encode()), ("code", None, code.encode()), ("is_new", None, b"true")]
    name, avatar = ("name", None, b"Ann"), ("avatar", "a.png", picture())
    wrong: tuple[tuple[list[Any], dict[str, Any]], ...] = (
        ([], {"name": ["This field is required."], "avatar": [NO_FILE]}),
        ([("name", None, b" "), avatar], {"name": ["This field may not be blank."]}),
        ([("name", None, b"a\0b"), avatar], {"name": ["Null characters are not allowed."]}),
        ([name], {"avatar": [NO_FILE]}),
        ([name, ("avatar", None, b"text")], {"avatar": [INVALID_IMAGE]}),
        *(
            ([name, ("avatar", "a.png", content)], {"avatar": [INVALID_IMAGE]})
            for content in PRETENDERS.values()
        ),
    )
    for more, said in wrong:
        answer = await app_of("POST", "/auth/users/", parts=[*fields, *more], expect=400)
        assert answer.body == said
    await app_of.sign_up(PHONE, "Ann", code=code)


class TestOutsideDevelopment:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, debug=False)

    async def test_no_code_is_good_for_everybody(self, app_of: GatheringsClient, join: Join) -> None:
        for phone in (PHONE, "+12025550142"):
            await send(app_of, phone)
            answer = await app_of("POST", "/auth/users/", {"phone": phone, "code": "00000"}, expect=400)
            assert answer.body == WRONG

    async def test_no_answer_carries_a_code(self, app_of: GatheringsClient, services: Services) -> None:
        answer = await app_of("POST", "/auth/code/", {"phone": PHONE}, expect=201)
        assert list(answer.body) == ["is_new"]
        assert texted_code(services, PHONE).encode() not in answer.raw


async def test_other_methods_and_paths_are_refused_in_shape(app_of: GatheringsClient) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        for path in ("/auth/code/", "/auth/users/"):
            answer = await app_of(method, path, expect=405)
            assert answer.body == {"detail": f'Method "{method}" not allowed.'}
    assert (await app_of("GET", "/auth/", expect=404)).body == {"detail": "Not found."}
