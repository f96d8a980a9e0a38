"""User endpoints: as djoser and Django REST framework answer them."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from tests import makers
from tests.cases import each_case
from tests.clients.http import Api
from tests.clients.mentors import PASSWORD, MentorsClient
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services

SAMPLE = {
    "username": "TestUserLogin",
    "email": "testemail@fake.com",
    "password": "TestUserPassword",
    "re_password": "TestUserPassword",
}
BOUNDARY = "the-boundary"


def multipart(fields: dict[str, str], photo: bytes | None = None) -> dict[str, Any]:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if photo is not None:
        head = (
            f"--{BOUNDARY}\r\n"
            'Content-Disposition: form-data; name="profile_photo"; filename="testuser.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        parts.append(head.encode() + photo + b"\r\n")
    return {
        "raw": b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(),
        "headers": {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    }


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "JPEG")
    return out.getvalue()


async def test_the_documented_registration_answers_as_documented(visitor: MentorsClient) -> None:
    body = await visitor("POST", "/auth/users/", SAMPLE, expect=201, headers={"Content-Type": "json"})
    assert body == {"email": "testemail@fake.com", "username": "testuserlogin", "id": body["id"]}


async def test_signing_in_and_out_as_documented(visitor: MentorsClient) -> None:
    await visitor("POST", "/auth/users/", SAMPLE, expect=201)
    await visitor.log_in("testuserlogin")
    assert len(visitor.token or "") == 40
    sample = {"username": "testuserlogin", "password": "TestUserPassword"}
    await visitor("POST", "/auth/token/logout/", sample, expect=204)
    body = await visitor("GET", "/myprofile/", expect=401)
    assert body == {"detail": "Invalid token."}


async def test_who_has_no_username_yet_signs_in_with_his_address(
    visitor: MentorsClient, services: Services
) -> None:
    """He came through another contract."""
    person = await makers.make_person(services, email="cam@example.com")
    await visitor.log_in("Cam@Example.com", makers.PASSWORD)
    assert (await visitor("GET", "/myprofile/"))["pk"] == person.id
    wrong = {"username": "cam@example.com", "password": makers.PASSWORD + "x"}
    await visitor("POST", "/auth/token/login/", wrong, expect=400)
    await visitor("PATCH", "/myprofile/", {"username": "cam"})
    await visitor.log_in("cam", makers.PASSWORD)
    by_address = {"username": "cam@example.com", "password": makers.PASSWORD}
    body = await visitor("POST", "/auth/token/login/", by_address, expect=400)
    assert body == {"non_field_errors": ["Unable to log in with provided credentials."]}


async def test_signing_out_needs_only_the_token(visitor: MentorsClient) -> None:
    await visitor.register()
    await visitor("POST", "/auth/token/logout/", raw=b"{not json", expect=204)


async def test_without_a_token_nobody_gets_in(visitor: MentorsClient) -> None:
    body = await visitor("GET", "/myprofile/", expect=401)
    assert body == {"detail": "Authentication credentials were not provided."}


async def test_a_fresh_profile_is_as_documented(visitor: MentorsClient) -> None:
    await visitor.register("testusername", email="testuser@testemail.com")
    assert await visitor("GET", "/myprofile/") == {
        "pk": visitor.pk,
        "username": "testusername",
        "first_name": "",
        "last_name": "",
        "email": "testuser@testemail.com",
        "phone_number": None,
        "profile_photo": None,
        "is_mentor": False,
        "is_mentee": False,
        "is_active": True,
    }


async def test_the_documented_change_of_a_profile_with_a_photo(visitor: MentorsClient, api: Api) -> None:
    await visitor.register("testusername", email="testuser@testemail.com")
    fields = {
        "username": "testusername",
        "first_name": "testuserfirstname",
        "last_name": "testuserlastname",
        "email": "testuser@testemail.com",
        "phone_number": "+12345678987",
        "is_mentor": "true",
    }
    body = await visitor("PATCH", "/myprofile/", **multipart(fields, jpeg()))
    assert body == {
        "pk": visitor.pk,
        **{name: value for name, value in fields.items() if name != "is_mentor"},
        "profile_photo": body["profile_photo"],
        "is_mentor": True,
        "is_mentee": False,
        "is_active": True,
    }
    path = body["profile_photo"].removeprefix(api.base_url)
    assert (await api("GET", path)).headers["Content-Type"] == "image/jpeg"
    # A form in which no file was chosen leaves the photo.
    kept = await visitor("PATCH", "/myprofile/", **multipart({"first_name": "A", "profile_photo": ""}))
    assert kept["profile_photo"] == body["profile_photo"]
    assert (await visitor("PATCH", "/myprofile/", {"profile_photo": None}))["profile_photo"] is None


@pytest.mark.parametrize("kind", ["Multipart/form-data", "MULTIPART/FORM-DATA"])
async def test_a_form_is_read_however_its_media_type_is_cased(visitor: MentorsClient, kind: str) -> None:
    """As the document writes it."""
    await visitor.register()
    sent = multipart({"first_name": "Grace", "is_mentor": "true"}, jpeg())
    sent["headers"] = {"Content-Type": f"{kind}; boundary={BOUNDARY}"}
    body = await visitor("PATCH", "/myprofile/", **sent)
    assert (body["first_name"], body["is_mentor"]) == ("Grace", True)
    assert body["profile_photo"]
    await visitor("PATCH", "/myprofile/", raw=b"--x--", headers={"Content-Type": kind}, expect=400)


async def test_a_photo_that_is_none_is_refused_and_nothing_is_changed(visitor: MentorsClient) -> None:
    await visitor.register()
    body = await visitor("PATCH", "/myprofile/", **multipart({"first_name": "A"}, b"<svg/>"), expect=400)
    assert list(body) == ["profile_photo"]
    assert (await visitor("GET", "/myprofile/"))["first_name"] == ""
    body = await visitor("PATCH", "/myprofile/", {"profile_photo": "a.jpg"}, expect=400)
    assert body == {
        "profile_photo": ["The submitted data was not a file. Check the encoding type on the form."]
    }


@each_case(
    ("changes", "expected"),
    [
        ({"password": "Short1!", "re_password": "Short1!"},
         {"password": ["This password is too short. It must contain at least 8 characters."]}),
        ({"password": "password", "re_password": "password"}, {"password": ["This password is too common."]}),
        ({"password": "83649201", "re_password": "83649201"},
         {"password": ["This password is entirely numeric."]}),
        ({"password": "12345678", "re_password": "12345678"},
         {"password": ["This password is too common.", "This password is entirely numeric."]}),
        ({"password": "testuserlogin1", "re_password": "testuserlogin1"},
         {"password": ["The password is too similar to the username."]}),
        ({"re_password": "Another-Word-7"},
         {"non_field_errors": ["The two password fields didn't match."]}),
        ({"username": "no spaces!"},
         {"username": ["Enter a valid username. This value may contain only letters, numbers, and "
                       "@/./+/-/_ characters."]}),
        ({"username": ""}, {"username": ["This field may not be blank."]}),
        ({"username": None}, {"username": ["This field may not be null."]}),
        ({"username": "x" * 151}, {"username": ["Ensure this field has no more than 150 characters."]}),
        ({"email": "not-an-address"}, {"email": ["Enter a valid email address."]}),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_registration_is_said_as_django_says_it(
    visitor: MentorsClient, changes: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert await visitor("POST", "/auth/users/", {**SAMPLE, **changes}, expect=400) == expected


async def test_what_is_missing_is_said_for_every_field(visitor: MentorsClient) -> None:
    required = ["This field is required."]
    body = await visitor("POST", "/auth/users/", {}, expect=400)
    assert body == {
        "username": required, "email": required, "password": required, "re_password": required,
    }  # fmt: skip


async def test_a_name_or_address_belongs_to_one(visitor: MentorsClient) -> None:
    await visitor("POST", "/auth/users/", SAMPLE, expect=201)
    body = await visitor("POST", "/auth/users/", {**SAMPLE, "username": "TESTUSERLOGIN"}, expect=400)
    assert body == {
        "username": ["A user with that username already exists."],
        "email": ["A user with that email already exists."],
    }


async def test_of_many_who_want_a_name_at_once_one_gets_it(api: Api, visitor: MentorsClient) -> None:
    import asyncio

    answers = await asyncio.gather(
        *(
            visitor("POST", "/auth/users/", {**SAMPLE, "email": f"e{n}@fake.com"}, expect=None)
            for n in range(10)
        )
    )
    assert sorted(answer.status for answer in answers) == [201] + [400] * 9
    for answer in answers:
        if answer.status == 400:
            assert answer.body == {"username": ["A user with that username already exists."]}


@pytest.mark.parametrize(
    "body",
    [
        {"username": "testuserlogin", "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": "testuserlogin"},
        {"password": PASSWORD},
        {},
    ],
)
async def test_a_wrong_sign_in_says_nothing_about_who_exists(
    visitor: MentorsClient, body: dict[str, str]
) -> None:
    await visitor("POST", "/auth/users/", SAMPLE, expect=201)
    answer = await visitor("POST", "/auth/token/login/", body, expect=400)
    assert answer == {"non_field_errors": ["Unable to log in with provided credentials."]}


async def test_nobody_makes_himself_staff(visitor: MentorsClient, services: Any) -> None:
    forbidden = {
        "is_staff": True, "is_superuser": True, "id": 1, "pk": 1, "password": "Another-Word-7",
        "email_verified": True, "phone": "+12025550123", "slug": "x", "_id": 7, "password_hash": "x",
    }  # fmt: skip
    await visitor("POST", "/auth/users/", {**SAMPLE, **forbidden, "password": PASSWORD}, expect=201)
    await visitor.log_in("testuserlogin")
    await visitor("PATCH", "/myprofile/", forbidden)
    person = await services.sign_in.who(visitor.token)
    assert not person.is_staff
    assert not person.email_verified
    assert person.phone is None
    assert person.slug is None
    await visitor.log_in("testuserlogin")


async def test_a_new_number_waits_for_its_code(visitor: MentorsClient, carrier: SimulatedCarrier) -> None:
    await visitor.register()
    body = await visitor("PATCH", "/myprofile/", {"phone_number": "(202) 555-0123"})
    assert body["phone_number"] == "+12025550123"
    person = await visitor("POST", "/myprofile/verify-phone/", {"code": "000000"}, expect=400)
    assert person == {"code": ["The code is wrong or has expired."]}
    code = re.findall(r"\d{6}", carrier.texts_to("+12025550123")[-1]["body"])[0]
    body = await visitor("POST", "/myprofile/verify-phone/", {"code": code})
    assert body["phone_number"] == "+12025550123"


async def test_a_number_is_taken_away_by_nothing(visitor: MentorsClient) -> None:
    await visitor.register()
    await visitor("PATCH", "/myprofile/", {"phone_number": "+12025550123"})
    assert (await visitor("PATCH", "/myprofile/", {"phone_number": ""}))["phone_number"] is None
    body = await visitor("PATCH", "/myprofile/", {"phone_number": "12"}, expect=400)
    assert body == {"phone_number": ["Enter a valid phone number."]}


async def test_another_username_must_be_free(visitor: MentorsClient, mentor: MentorsClient) -> None:
    await visitor.register()
    body = await visitor("PATCH", "/myprofile/", {"username": "Grace", "first_name": "X"}, expect=400)
    assert body == {"username": ["A user with that username already exists."]}
    body = await visitor("PATCH", "/myprofile/", {"username": "NewName"})
    assert (body["username"], body["first_name"]) == ("newname", "")
    await visitor.log_in("newname")


@pytest.mark.parametrize("header", ["Token {}", "Bearer {}", "{}"])
async def test_every_form_of_a_token_is_taken(visitor: MentorsClient, api: Api, header: str) -> None:
    await visitor.register()
    answer = await api("GET", "/myprofile/", token=header.format(visitor.token))
    assert answer.status == 200


async def test_wrong_methods_and_paths_answer_in_shape(visitor: MentorsClient) -> None:
    assert await visitor("PUT", "/myprofile/", {}, expect=405) == {"detail": 'Method "PUT" not allowed.'}
    assert await visitor("GET", "/auth/users/nobody/", expect=404) == {"detail": "Not found."}
    assert await visitor("GET", "/v2/nothing", expect=404) == {"detail": "Not found."}


async def test_every_path_answers_without_its_slash_and_under_v2(visitor: MentorsClient) -> None:
    await visitor.register()
    for path in ("/myprofile", "/v2/myprofile/", "/mentor", "/v2/mentor/", "/session", "/availabilty"):
        await visitor("GET", path)
