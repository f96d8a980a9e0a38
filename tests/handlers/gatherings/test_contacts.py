"""The contacts of contract gatherings: an address book comes in, in every way in which clients send lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.clients.gatherings import ids
from tests.handlers.gatherings.conftest import Join, Member


async def test_add_get_and_remove_contacts(join: Join) -> None:
    ann, bob, cid = await join("Ann"), await join("Bob"), await join("Cid")
    assert (await ann("GET", "/contacts/")).body == []
    answer = await ann(
        "PUT", "/contacts/", {"names": ["Bobby", "Nobody"], "phones": [bob.phone, "+79250741413"]}
    )
    # The person's own name, not the one in the address book.
    shown = {"id": bob.id, "name": "Bob", "phone": bob.phone, "avatar": None}
    assert answer.body == [shown]
    # The answer lists who was added, the list has all.
    assert ids(await ann("PUT", "/contacts/", {"names": ["C"], "phones": [cid.phone]})) == [cid.id]
    assert ids(await ann("GET", "/contacts/")) == [bob.id, cid.id]
    assert (await bob("GET", "/contacts/")).body == []
    assert ids(await ann("DELETE", "/contacts/", {"phones": [cid.phone, "+12025550111"]})) == [bob.id]
    assert ids(await ann("GET", "/contacts/")) == [bob.id]


async def test_whoever_joins_is_in_the_contacts_of_all_who_had_the_number(join: Join) -> None:
    ann, bob = await join("Ann"), await join("Bob")
    for each in (ann, bob):
        answer = await each("PUT", "/contacts/", {"names": ["Dee"], "phones": ["+12025550177"]})
        assert answer.body == []
    dee = await join("Dee", phone="+12025550177")
    for each in (ann, bob):
        assert ids(await each("GET", "/contacts/")) == [dee.id]
    assert (await dee("GET", "/contacts/")).body == []


LISTS: dict[str, Callable[[list[str], list[str]], dict[str, Any]]] = {
    "json": lambda names, phones: {"body": {"names": names, "phones": phones}},
    "json in json": lambda names, phones: {
        "body": {"names": json.dumps(names), "phones": json.dumps(phones)}
    },
    "form": lambda names, phones: {
        "form": [*(("names", each) for each in names), *(("phones", each) for each in phones)]
    },
    "form with brackets": lambda names, phones: {
        "form": [*(("names[]", each) for each in names), *(("phones[]", each) for each in phones)]
    },
    "form with json": lambda names, phones: {
        "form": [("names", json.dumps(names)), ("phones", json.dumps(phones))]
    },
    "multipart": lambda names, phones: {
        "parts": [
            *(("names", None, each.encode()) for each in names),
            *(("phones", None, each.encode()) for each in phones),
        ]
    },
    "multipart with brackets": lambda names, phones: {
        "parts": [
            *(("names[]", None, each.encode()) for each in names),
            *(("phones[]", None, each.encode()) for each in phones),
        ]
    },
}


@each_case("way", list(LISTS))
async def test_lists_come_in_every_way(join: Join, database: Database, way: str) -> None:
    ann, bob, cid = await join("Ann"), await join("Bob"), await join("Cid")
    names, phones = ["Bób 🦄", "", "C"], [bob.phone, "+12025550199", cid.phone]
    assert ids(await ann("PUT", "/contacts/", **LISTS[way](names, phones))) == [bob.id, cid.id]
    kept = {
        found["phone"]: found["name"]
        async for found in database.contacts._collection.find({"owner_id": ann.id})
    }
    assert kept == dict(zip(phones, names, strict=True))
    assert ids(await ann("DELETE", "/contacts/", **LISTS[way]([], [bob.phone, "+12025550199"]))) == [cid.id]


async def test_a_number_is_the_same_however_it_is_written(join: Join) -> None:
    ann, bob = await join("Ann"), await join("Bob", phone="+12025550166")
    answer = await ann("PUT", "/contacts/", {"names": ["B"], "phones": ["+1 (202) 555-0166"]})
    assert ids(answer) == [bob.id]
    assert ids(await ann("DELETE", "/contacts/", {"phones": ["+1.202.555.0166"]})) == []


async def test_documented_refusals_of_an_import(join: Join, database: Database) -> None:
    ann = await join()
    other = "+12025550100"
    for names, phones, refusal in (
        (["a", "b"], [other, other], {"phones": ["Phone list contains duplicates."]}),
        (["a", "b"], [other, "+1 202-555-0100"], {"phones": ["Phone list contains duplicates."]}),
        (["a", "b"], [other, ann.phone], {"phones": ["The phones list contains user phone."]}),
        (
            ["a"],
            [other, "+12025550101"],
            {"non_field_errors": ["The number of phones must be equal to the number of names."]},
        ),
        (
            ["a", "b"],
            [other],
            {"non_field_errors": ["The number of phones must be equal to the number of names."]},
        ),
        (["a", "b"], [other, "2025550101"], {"phones": ["Invalid phone number."]}),
        (["a", "b"], [other, "+1"], {"phones": ["Invalid phone number."]}),
    ):
        answer = await ann("PUT", "/contacts/", {"names": names, "phones": phones}, expect=400)
        assert answer.body == refusal
    assert await database.contacts.phones_of(ann.id) == []


@each_case(
    "phone",
    [
        "",
        " ",
        "abc",
        "+",
        "+0",
        "+12025550100x5",
        "+1202555010０",
        "9" * 41,
        "+" + "9" * 39,
        12025550100,
        None,
        True,
        [],
        {},
    ],
)
@each_case("method", ["PUT", "DELETE"])
async def test_what_is_no_number_is_refused(ann: Member, method: str, phone: Any) -> None:
    answer = await ann(method, "/contacts/", {"names": ["x"], "phones": [phone]}, expect=400)
    assert answer.body == {"phones": ["Invalid phone number."]}


@pytest.mark.parametrize("body", [{}, {"phones": []}, {"phones": "[]"}])
async def test_removing_nothing_is_refused(join: Join, body: dict[str, Any]) -> None:
    ann = await join()
    answer = await ann("DELETE", "/contacts/", body, expect=400)
    assert answer.body == {"phones": ["This list may not be empty."]}


async def test_lists_that_are_none_are_refused(join: Join) -> None:
    ann = await join()
    answer = await ann("PUT", "/contacts/", {}, expect=400)
    assert answer.body == {"names": ["This field is required."], "phones": ["This field is required."]}
    for value, said in (
        (5, 'Expected a list of items but got type "int".'),
        ("text", 'Expected a list of items but got type "str".'),
        ({"$gt": ""}, 'Expected a list of items but got type "dict".'),
        (None, "This field may not be null."),
    ):
        answer = await ann("PUT", "/contacts/", {"names": [], "phones": value}, expect=400)
        assert answer.body == {"phones": [said]}
    for name, said in (
        (5, "Not a valid string."),
        ("a\0b", "Null characters are not allowed."),
        ("a" * 2001, "Ensure this field has no more than 2000 characters."),
    ):
        answer = await ann("PUT", "/contacts/", {"names": [name], "phones": ["+12025550100"]}, expect=400)
        assert answer.body == {"names": [said]}
    many = ["+12025550100"] * 10_001
    answer = await ann("PUT", "/contacts/", {"names": [""] * 10_001, "phones": many}, expect=400)
    assert set(answer.body) == {"names", "phones"}


async def test_importing_nobody_changes_nothing(join: Join) -> None:
    ann = await join()
    assert (await ann("PUT", "/contacts/", {"names": [], "phones": []})).body == []


async def test_too_many_parts_are_refused(join: Join) -> None:
    ann = await join()
    await ann("PUT", "/contacts/", parts=[("phones", None, b"x")] * 2500, expect=400)


@pytest.mark.parametrize("way", ["json", "form", "form with json"])
async def test_five_thousand_contacts_come_in_one_request(join: Join, way: str) -> None:
    ann = await join("Ann")
    bob = await join("Bob", phone="+12014999999")
    phones = [f"+1{2014995000 + each}" for each in range(5000)]
    answer = await ann("PUT", "/contacts/", **LISTS[way]([f"Name {phone}" for phone in phones], phones))
    assert ids(answer) == [bob.id]
    assert ids(await ann("GET", "/contacts/")) == [bob.id]
