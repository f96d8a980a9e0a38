"""What the makers of tests keep at once is what the services leave when clients go the whole way."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.ioloop import IOLoop

from store.database import Database
from tests.booking_makers import (
    World,
    accept_call,
    agree_on_call,
    make_accepted_request,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
    request_call,
)
from tests.circle_makers import befriend, befriend_by_mail, make_app, register_app
from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.clients.mentors import MentorsClient
from tests.handlers.experts.conftest import signed_in
from tests.handlers.mentors.session_makers import make_mentee, make_mentor
from tests.makers import PASSWORD, apply_as_hero, make_hero, make_person, register_person
from thserver.services.all import Services

# Made up anew for each, however it was made.
OWN = {
    "uuid",
    "email",
    "email_pending",
    "username",
    "token_hash",
    "phone",
    "password_hash",
    "hash",
    "customer_id",
    "id",
    "default_card",
}
WAYS = [
    (request_call, make_request),
    (accept_call, make_accepted_request),
    (agree_on_call, make_agreed_booking),
]


@pytest.fixture(autouse=True)
def far_apart(io_loop: IOLoop, database: Database) -> None:
    """No number of anybody's is like a length or a rate."""
    io_loop.run_sync(lambda: database.numbers.next("people", 10_000))
    io_loop.run_sync(lambda: database.numbers.next("bookings", 20_000))
    io_loop.run_sync(lambda: database.numbers.next("friendships", 30_000))


async def kept(database: Database, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await getattr(database, name)._collection.find().sort("_id").to_list()
    return found


def alike(value: Any, numbers: dict[int, str]) -> Any:
    """The same for two documents that differ only in whose they are; `numbers` says what each number stands for."""
    if isinstance(value, dict):
        return {
            name: "its own" if name in OWN and type(each) is str and ":" not in each else alike(each, numbers)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [alike(each, numbers) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        # What a booking takes of a host's time has his number in its upper half.
        return numbers.get(value) or (numbers.get(value >> 32), value & 0xFFFFFFFF)
    if isinstance(value, str) and ">" in value:
        return [numbers[int(each)] for each in value.split(">")]
    return value


@pytest.mark.parametrize("verified", [True, False])
async def test_a_person_is_kept_as_registering_leaves_him(
    services: Services, database: Database, verified: bool
) -> None:
    people = [await way(services, verified=verified) for way in (register_person, make_person)]
    await services.background.idle()
    one, other = await kept(database, "people")
    assert alike(one, {people[0].id: "he"}) == alike(other, {people[1].id: "he"})
    for person in people:
        assert await database.people.get(person.id) == person
        assert person.email is not None
        entered, _ = await services.people.log_in(
            email=person.email, password=PASSWORD, contract="heroes", address="198.51.100.7"
        )
        assert entered.id == person.id


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_hero_is_kept_as_applying_and_staff_leave_him(world: World, accepted: bool) -> None:
    services, database = world.services, world.database
    heroes = [await way(services, accepted=accepted, rate_in_cents=7) for way in (apply_as_hero, make_hero)]
    _, another = await make_host(world, accepted=accepted, rate_in_cents=7)
    old = await make_person(services, first_name="Tom", last_name="Brady")
    heroes += [another, await make_hero(services, old, accepted=accepted, rate_in_cents=7)]
    await services.background.idle()
    assert [hero.slug for hero in heroes] == ["tom-brady", "tom-brady-2", "tom-brady-3", "tom-brady-4"]
    names = [{hero.id: "hero", hero.person_id: "he"} for hero in heroes]
    for name in ("heroes", "people"):
        documents = [
            {**alike(document, names[number]), "slug": document["slug"] == heroes[number].slug}
            for number, document in enumerate(await kept(database, name))
        ]
        assert all(document == documents[0] for document in documents[1:])


async def test_a_first_card_is_kept_as_the_wallet_leaves_it(world: World) -> None:
    one = await make_person(world.services)
    await world.services.wallet.add_card(one, "pm_card_visa")
    other = await make_caller(world)
    await world.services.background.idle()
    documents = await kept(world.database, "wallets")
    assert alike(documents[0], {one.id: "he"}) == alike(documents[1], {other.id: "he"})
    for person in (one, other):
        wallet = await world.services.wallet.cards(person.id)
        assert wallet.customer_id is not None
        assert await world.services.practice.payments.cards(wallet.customer_id) == list(wallet.cards)


@pytest.mark.parametrize(("long", "short"), WAYS)
async def test_a_booking_is_kept_as_asking_and_answering_leave_it(
    world: World, long: Any, short: Any
) -> None:
    names = []
    for way in (long, short):
        guest, (host, hero) = await make_caller(world), await make_host(world)
        booking = await way(world, guest, hero, minutes=45)
        await world.services.background.idle()
        names.append({booking.id: "booking", host.id: "host", guest.id: "guest"})
    assert await world.database.bookings.get(booking.id) == booking
    one, other = await kept(world.database, "bookings")
    assert one.pop("room") == "tom-brady"
    assert other.pop("room") == "tom-brady-2"
    assert alike(one, names[0]) == alike(other, names[1])


async def test_an_app_of_circles_and_a_friendship_are_kept_as_registering_and_accepting_leave_them(
    api: Api, services: Services, database: Database
) -> None:
    friends = []
    for make, befriended in ((register_app, befriend_by_mail), (make_app, befriend)):
        holder, friend = [await make(api, services, first_name=name) for name in ("Ann", "Bob")]
        await befriended(services, holder, friend, "lifelink")
        friends.append({holder.id: "holder", friend.id: "friend"})
        assert (await friend.client.following("lifelink"))[0]["account_holder"]["id"] == holder.id
    await services.background.idle()
    people = await kept(database, "people")
    long, short = people[:2], people[2:]
    assert alike(long, friends[0]) == alike(short, friends[1])
    one, other = await kept(database, "friendships")
    numbers = [{**friends[0], one["_id"]: "it"}, {**friends[1], other["_id"]: "it"}]
    assert alike(one, numbers[0]) == alike(other, numbers[1])


async def test_a_member_of_experts_is_kept_as_registering_leaves_him(
    api: Api, services: Services, database: Database
) -> None:
    members = [
        await ExpertsClient(api).register("johndoe"),
        await signed_in(api, services, "jack", "John", "Doe"),
    ]
    for member in members:
        assert await member.balance() == 1
        assert member.me.keys() == members[0].me.keys()
    await services.background.idle()
    one, other = await kept(database, "people")
    assert alike(one, {members[0].id: "he"}) == alike(other, {members[1].id: "he"})


async def test_mentors_and_mentees_are_kept_as_registering_and_their_profiles_leave_them(
    api: Api, services: Services, database: Database
) -> None:
    mentor, mentee = [await MentorsClient(api).register(name) for name in ("grace", "ada")]
    await mentor.become_mentor()
    await mentee.become_mentee()
    others = await make_mentor(api, services, "hedy"), await make_mentee(api, services, "mary")
    for name in ("people", "mentor_profiles", "mentee_profiles"):
        documents = await kept(database, name)
        half = len(documents) // 2
        long, short = [
            alike(each, {clients[0].pk: "mentor", clients[1].pk: "mentee"})
            for each, clients in ((documents[:half], (mentor, mentee)), (documents[half:], others))
        ]
        assert long == short
