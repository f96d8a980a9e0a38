"""Other people by their ids, and on the blacklist: as documented, and what clients may send instead."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.cases import each_case
from tests.clients.gatherings import USER, USER_WITHOUT_PHONE, GatheringsClient, ids
from tests.handlers.gatherings.conftest import Join, Member
from tests.makers import make_person, token_of
from tests.pictures import picture
from thserver.services.all import Services

STRANGE_IDS: list[Any] = ["x", "", "1.0", 1.5, True, None, [], {}, "１", "1 2", "1_0", {"$gt": 0}, "9" * 19]


async def hide(member: Member) -> None:
    await member("PATCH", "/account/", {"hidden_phone": True})


# Users.


async def test_get_users_in_the_order_asked_for(join: Join) -> None:
    ann, bob, cid = await join("Ann"), await join("Bob"), await join("Cid")
    await hide(cid)
    answer = await ann("GET", f"/users/?users={cid.id}&users={bob.id}&users={ann.id}&users={bob.id}")
    assert answer.body == [
        {"id": cid.id, "name": "Cid", "avatar": None},
        {"id": bob.id, "name": "Bob", "phone": bob.phone, "avatar": None},
        {"id": ann.id, "name": "Ann", "phone": ann.phone, "avatar": None},
    ]


@pytest.mark.parametrize(
    "query",
    [
        "users={0}&users={1}",
        "users[]={0}&users[]={1}",
        "users%5B%5D={0}&users%5B%5D={1}",
        "users=[{0},{1}]",
        "users=%5B%22{0}%22,{1}%5D",
        "users= {0}&users=%2B{1}".replace(" ", "%20"),
    ],
)
async def test_ids_come_as_repeated_keys_with_brackets_or_as_json(join: Join, query: str) -> None:
    ann, bob = await join("Ann"), await join("Bob")
    answer = await ann("GET", "/users?" + query.format(ann.id, bob.id))
    assert ids(answer) == [ann.id, bob.id]


async def test_unknown_ids_are_left_out(join: Join) -> None:
    ann = await join()
    answer = await ann("GET", f"/users/?users=999&users={ann.id}&users=-5&users=0&users={'9' * 18}")
    assert ids(answer) == [ann.id]
    assert (await ann("GET", "/users/?users=999")).body == []


@pytest.mark.parametrize("query", ["", "?users=[]", "?user=1", "?users[]=[]"])
async def test_no_ids_at_all_are_refused(join: Join, query: str) -> None:
    ann = await join()
    answer = await ann("GET", f"/users/{query}", expect=400)
    assert answer.body == {"users": ["This list may not be empty"]}


@each_case("value", ["x", "", "1.0", "true", "[1,null]", '["a"]', "[[1]]", "%F0%9F%A6%84", "1%00"])
async def test_ids_that_are_no_integers_are_refused(ann: Member, value: str) -> None:
    answer = await ann(
        "GET",
        f"/users/?users=1&users={value}" if value[0:1] != "[" else f"/users/?users={quote(value)}",
        expect=400,
    )
    assert answer.body == {"users": ["A valid integer is required."]}


async def test_a_broken_list_and_a_broken_encoding_are_refused(join: Join) -> None:
    ann = await join()
    await ann("GET", "/users/?users=[1,", expect=400)
    await ann("GET", "/users/?users=%FF", expect=400)
    await ann("GET", "/users/?users=" + "[" * 5000, expect=400)
    assert (await ann("GET", "/users/?" + "users=1&" * 1001, expect=400)).body == {
        "users": ["Ensure this field has no more than 1000 elements."]
    }


@pytest.mark.parametrize("slash", ["", "/"])
async def test_get_one_user(join: Join, slash: str) -> None:
    ann, bob = await join("Ann"), await join("Bob")
    answer = await ann("GET", f"/users/{bob.id}{slash}")
    assert answer.body == {"id": bob.id, "name": "Bob", "phone": bob.phone, "avatar": None}
    assert (await ann("GET", f"/users/999{slash}", expect=404)).body == {"detail": "Not found."}


async def test_a_hidden_number_is_seen_by_those_who_have_it(join: Join) -> None:
    ann, bob, eve = await join("Ann"), await join("Bob"), await join("Eve")
    await hide(ann)
    assert list((await bob("GET", f"/users/{ann.id}")).body) == USER_WITHOUT_PHONE
    await bob("PUT", "/contacts/", {"names": ["A"], "phones": [ann.phone]})
    assert (await bob("GET", f"/users/{ann.id}")).body["phone"] == ann.phone
    # That Ann has Eve's number shows Eve nothing.
    await ann("PUT", "/contacts/", {"names": ["E"], "phones": [eve.phone]})
    assert "phone" not in (await eve("GET", f"/users/{ann.id}")).body
    assert (await ann("GET", f"/users/{ann.id}")).body["phone"] == ann.phone


async def test_whom_she_blocked_sees_neither_number_nor_picture(join: Join) -> None:
    ann, bob = await join("Ann"), await join("Bob")
    await ann("PATCH", "/account/", parts=[("avatar", "a.jpg", picture())])
    await bob("PUT", "/contacts/", {"names": ["A"], "phones": [ann.phone]})
    assert list((await bob("GET", f"/users/{ann.id}")).body) == USER
    await ann("PUT", "/blacklist/", {"user": bob.id})
    nothing = {"id": ann.id, "name": "Ann", "avatar": None}
    assert (await bob("GET", f"/users/{ann.id}")).body == nothing
    assert (await bob("GET", f"/users/?users={ann.id}")).body == [nothing]
    assert (await bob("GET", "/contacts/")).body == [nothing]
    # The one who blocks goes on seeing the other.
    assert (await ann("GET", f"/users/{bob.id}")).body["phone"] == bob.phone
    await ann("DELETE", "/blacklist/", {"user": bob.id})
    assert list((await bob("GET", f"/users/{ann.id}")).body) == USER


async def test_somebody_without_a_proven_number_has_none_to_show(join: Join, services: Services) -> None:
    ann = await join()
    bob = await make_person(services, verified=False, first_name="Bob", last_name="Dylan")
    await services.people.change_profile(bob, {"phone": "+12025550188"}, address="198.51.100.250")
    answer = await ann("GET", f"/users/{bob.id}")
    assert answer.body == {"id": bob.id, "name": "Bob Dylan", "avatar": None}
    client = GatheringsClient(ann.api, await token_of(services, bob, "gatherings"))
    assert (await client("GET", "/account/")).body["phone"] is None


# Blacklist.


async def test_add_to_and_remove_from_the_blacklist(join: Join) -> None:
    ann, bob, cid = await join("Ann"), await join("Bob"), await join("Cid")
    assert (await ann("GET", "/blacklist/")).body == []
    shown = {"id": bob.id, "name": "Bob", "phone": bob.phone, "avatar": None}
    assert (await ann("PUT", "/blacklist/", {"user": bob.id})).body == [shown]
    assert (await ann("PUT", "/blacklist/", {"user": bob.id})).body == [shown]
    assert ids(await ann("PUT", "/blacklist", form=[("user", str(cid.id))])) == [bob.id, cid.id]
    assert ids(await ann("GET", "/blacklist")) == [bob.id, cid.id]
    assert (await bob("GET", "/blacklist/")).body == []
    assert ids(await ann("DELETE", "/blacklist/", parts=[("user", None, str(bob.id).encode())])) == [cid.id]
    assert ids(await ann("DELETE", "/blacklist/", {"user": bob.id})) == [cid.id]
    assert ids(await ann("DELETE", "/blacklist/", form=[("user", str(cid.id))])) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_refusals_of_the_blacklist(join: Join, method: str) -> None:
    ann = await join()
    for user, said in (
        (999, "User with this id does not exist."),
        (-1, "User with this id does not exist."),
        (0, "User with this id does not exist."),
        ("9" * 18, "User with this id does not exist."),
        (ann.id, "Can not do it with yourself."),
    ):
        answer = await ann(method, "/blacklist/", {"user": user}, expect=400)
        assert answer.body == {"user": [said]}
    for user in STRANGE_IDS:
        answer = await ann(method, "/blacklist/", {"user": user}, expect=400)
        said = "This field may not be null." if user is None else "A valid integer is required."
        assert answer.body == {"user": [said]}, user
    assert (await ann(method, "/blacklist/", {}, expect=400)).body == {"user": ["This field is required."]}
    await ann(method, "/blacklist/", raw=b'{"user": 18446744073709551615}', expect=400)
