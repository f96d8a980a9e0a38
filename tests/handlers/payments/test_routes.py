"""Our own payment routes, as an app uses them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.booking_makers import World, make_caller, make_host
from tests.cases import each_case
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.makers import make_person, token_of
from tests.money_makers import make_call, make_conference, move_clock, settle
from thserver.domain.people import Person
from thserver.gateways.simulated_payments import SimulatedPayments

CARD = ["id", "brand", "last4", "exp_month", "exp_year", "is_default"]
CHARGE = [
    "id", "kind", "state", "reason", "call_request", "conference", "currency", "rate_in_cents", "minutes",
    "intervals", "price_in_cents", "already_charged_in_cents", "amount_in_cents", "carried_in_cents",
    "total_in_cents", "refunded_in_cents", "card", "created", "updated",
]  # fmt: skip


async def app_of(world: World, api: Api, person: Person) -> HeroesClient:
    return HeroesClient(api, await token_of(world.services, person))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/payments/setup-intent"),
        ("POST", "/payments/methods"),
        ("GET", "/payments/methods"),
        ("DELETE", "/payments/methods/pm_1"),
        ("POST", "/payments/payout-account"),
        ("GET", "/payments/charges"),
    ],
)
async def test_whoever_is_not_signed_in_is_403(api: Api, method: str, path: str) -> None:
    client = HeroesClient(api)
    for slash in ("", "/"):
        answer = await client(method, path + slash, {} if method == "POST" else None, expect=403)
        assert answer.body == {"detail": "Authentication credentials were not provided."}


async def test_a_card_is_set_up_confirmed_listed_and_forgotten(world: World, api: Api) -> None:
    person = await make_person(world.services)
    app = await app_of(world, api, person)
    secret = (await app("POST", "/payments/setup-intent", {})).body
    assert list(secret) == ["client_secret"]
    first = (await app("POST", "/payments/methods", {"payment_method": "pm_card_visa"})).body
    assert list(first) == CARD
    assert (first["brand"], first["last4"], first["is_default"]) == ("visa", "4242", True)
    second = (await app("POST", "/payments/methods/", {"payment_method": "pm_card_mastercard"})).body
    listed = (await app("GET", "/payments/methods")).body
    assert list(listed) == ["count", "next", "previous", "results"]
    assert [(card["id"], card["is_default"]) for card in listed["results"]] == [
        (second["id"], True),
        (first["id"], False),
    ]
    again = (await app("POST", "/payments/methods", {"payment_method": first["id"]})).body
    assert again == first
    assert (await app("GET", "/payments/methods")).body["count"] == 2
    await app("DELETE", f"/payments/methods/{first['id']}", expect=204)
    [left] = (await app("GET", "/payments/methods")).body["results"]
    assert (left["id"], left["is_default"]) == (second["id"], True)
    await app("DELETE", f"/payments/methods/{first['id']}", expect=404)
    await app("DELETE", f"/payments/methods/{second['id']}", expect=204)
    assert not await world.services.wallet.has_card(person.id)


@each_case(
    ("body", "expected"),
    [
        ({}, {"payment_method": ["This field is required."]}),
        ({"payment_method": None}, {"payment_method": ["This field may not be null."]}),
        ({"payment_method": 7}, {"payment_method": ["Not a valid string."]}),
        ({"payment_method": ""}, {"payment_method": ["This field may not be blank."]}),
        ({"payment_method": "pm_\x00"}, {"payment_method": ["Null characters are not allowed."]}),
        ({"payment_method": "pm_unknown"}, {"payment_method": ["This does not exist."]}),
        ({"payment_method": {"$gt": ""}}, {"payment_method": ["Not a valid string."]}),
        ({"payment_method": "x" * 256}, {"payment_method": ["Ensure this field has no more than 255 characters."]}),
    ],
)  # fmt: skip
async def test_what_is_no_card_is_400(
    world: World, api: Api, body: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    app = await app_of(world, api, await make_person(world.services))
    assert (await app("POST", "/payments/methods", body, expect=400)).body == expected


async def test_a_card_that_is_declined_when_given_is_402_and_not_kept(world: World, api: Api) -> None:
    person = await make_person(world.services)
    app = await app_of(world, api, person)
    await app("POST", "/payments/methods", {"payment_method": "pm_card_chargeDeclined"}, expect=402)
    assert (await app("GET", "/payments/methods")).body["results"] == []
    assert not await world.services.wallet.has_card(person.id)


async def test_nobody_uses_or_forgets_the_card_of_another(world: World, api: Api) -> None:
    owner, other = await make_caller(world), await make_person(world.services)
    [card] = (await world.services.wallet.cards(owner.id)).cards
    app = await app_of(world, api, other)
    await app("DELETE", f"/payments/methods/{card.id}", expect=404)
    await app("POST", "/payments/methods", {"payment_method": card.id}, expect=400)
    assert await world.services.wallet.has_card(owner.id)


async def test_twenty_first_cards_at_once_make_one_customer(
    world: World, api: Api, payments: SimulatedPayments
) -> None:
    person = await make_person(world.services)
    app = await app_of(world, api, person)
    await asyncio.gather(
        *(app("POST", "/payments/methods", {"payment_method": "pm_card_visa"}) for _ in range(20))
    )
    assert len(payments.customers()) == 1
    wallet = await world.services.wallet.cards(person.id)
    assert (len(wallet.cards), wallet.customer_id) == (20, payments.customers()[0]["id"])


async def test_a_hero_is_sent_to_the_card_company_and_nobody_else(world: World, api: Api) -> None:
    host, _ = await make_host(world)
    app = await app_of(world, api, host)
    first = (await app("POST", "/payments/payout-account", {})).body
    assert list(first) == ["url"]
    assert first["url"].startswith("https://")
    assert (await app("POST", "/payments/payout-account", {})).body == first
    stranger = await app_of(world, api, await make_person(world.services))
    await stranger("POST", "/payments/payout-account", {}, expect=403)


async def test_charges_show_the_working_of_the_price(world: World, api: Api) -> None:
    call = await make_call(world, seconds=60)
    conference = await make_conference(
        world, call.booking, sid=call.conferences[0].sid, host=((0, 1080), (1320, 2760)), guest=((0, 3000),)
    )
    move_clock(world, conference.ended)  # type: ignore[arg-type]
    await settle(world)
    app = await app_of(world, api, call.guest)
    listed = (await app("GET", "/payments/charges")).body
    assert (listed["count"], list(listed["results"][0])) == (1, CHARGE)
    [charge] = listed["results"]
    assert (charge["kind"], charge["state"], charge["currency"]) == ("call", "succeeded", "usd")
    assert (charge["minutes"], charge["rate_in_cents"], charge["amount_in_cents"]) == (42, 100, 4200)
    assert (charge["call_request"], charge["conference"]) == (call.booking.id, conference.sid)
    assert charge["card"] == {"brand": "visa", "last4": "4242"}
    starts = call.booking.starts
    assert starts is not None
    assert [each["start"] for each in charge["intervals"]] == [
        starts.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        (starts + timedelta(seconds=1320)).strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
    ]


async def test_charges_are_for_who_pays_them(world: World, api: Api) -> None:
    call = await make_call(world)
    await settle(world)
    for person in (call.host, await make_person(world.services)):
        app = await app_of(world, api, person)
        assert (await app("GET", "/payments/charges")).body["results"] == []


async def test_charges_come_in_pages_the_newest_first(world: World, api: Api) -> None:
    call = await make_call(world)
    await settle(world)
    for _ in range(2):
        await make_call(world, guest=call.guest)
        await settle(world)
    app = await app_of(world, api, call.guest)
    first = (await app("GET", "/payments/charges?page_size=2")).body
    assert (first["count"], len(first["results"]), first["previous"]) == (3, 2, None)
    assert "page=2" in first["next"]
    second = (await app("GET", "/payments/charges?page_size=2&page=2")).body
    created = [each["created"] for each in first["results"] + second["results"]]
    assert created == sorted(created, reverse=True)
    await app("GET", "/payments/charges?page=3&page_size=2", expect=404)
    await app("GET", "/payments/charges?page=0", expect=400)


async def test_unknown_payment_paths_are_404_in_the_words_of_the_contract(api: Api) -> None:
    answer = await api("GET", "/api/v1/payments/nothing")
    assert (answer.status, answer.body) == (404, {"detail": "Not found."})
