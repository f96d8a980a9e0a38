"""From a request to an agreed time."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools

import pytest

from store.booking_documents import to_document
from tests.booking_makers import (
    DAY,
    MINUTE,
    World,
    accept_call,
    agree_on_call,
    kept,
    make_accepted_request,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
    request_call,
    three_times,
)
from thserver.domain import codes
from thserver.domain.bookings import Booking, Kind, State
from thserver.domain.errors import (
    AlreadyOpen,
    AlreadySuggested,
    Invalid,
    NotAllowed,
    NotAParticipant,
    NotFound,
    NotVerified,
    PaymentMethodMissing,
    TimeTaken,
    WrongState,
)


@pytest.mark.parametrize(
    ("lacking", "refusal"),
    [
        ({"email_verified": False}, NotVerified),
        ({"phone": None}, NotVerified),
        ({"card": False}, PaymentMethodMissing),
    ],
)
async def test_asking_needs_a_proven_address_and_phone_and_a_card(
    world: World, lacking: dict[str, object], refusal: type[Exception]
) -> None:
    guest = await make_caller(world, **lacking)  # type: ignore[arg-type]
    _, hero = await make_host(world)
    with pytest.raises(refusal):
        await request_call(world, guest, hero)
    assert await world.services.bookings.of_person(guest.id, Kind.CALL, skip=0, limit=9) == (0, [])


async def test_a_hero_is_asked_by_number_or_by_his_persons_uuid(world: World) -> None:
    guest = await make_caller(world)
    person, hero = await make_host(world)
    booking = await world.services.bookings.request(guest, hero_id=person.uuid, message="?", minutes=15)
    assert (booking.host_id, booking.guest_ids, booking.room) == (person.id, (guest.id,), hero.slug)
    assert booking == await kept(world, booking)


async def test_only_a_listed_hero_can_be_asked_and_nobody_asks_himself(world: World) -> None:
    bookings = world.services.bookings
    guest = await make_caller(world)
    person, unlisted = await make_host(world, accepted=False)
    for unknown in (unlisted.id, person.uuid, guest.uuid, 999_999, 0):
        with pytest.raises(Invalid) as refusal:
            await bookings.request(guest, hero_id=unknown, message="?", minutes=15)
        assert refusal.value.problems == {"hero_id": "unknown"}
    host, hero = await make_host(world)
    await world.services.wallet.add_card(host, "pm_card_visa")
    with pytest.raises(Invalid) as refusal:
        await bookings.request(host, hero_id=hero.id, message="?", minutes=15)
    assert refusal.value.problems == {"hero_id": "oneself"}


async def test_of_fifty_requests_at_once_to_one_hero_one_is_open(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    outcomes = await asyncio.gather(
        *(request_call(world, guest, hero) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(each, Booking) for each in outcomes) == 1
    assert sum(isinstance(each, AlreadyOpen) for each in outcomes) == 49


async def test_strangers_and_other_kinds_find_nothing(world: World) -> None:
    bookings = world.services.bookings
    guest, stranger = await make_caller(world), await make_caller(world)
    _, hero = await make_host(world)
    booking = await make_request(world, guest, hero)
    with pytest.raises(NotAParticipant):
        await bookings.find(booking.id, stranger.id, Kind.CALL)
    with pytest.raises(NotFound):
        await bookings.find(booking.id, guest.id, Kind.SESSION)
    with pytest.raises(NotFound):
        await bookings.find(booking.id + 1, guest.id, Kind.CALL)


async def test_the_two_sides_suggest_in_turn_and_agree(world: World) -> None:
    bookings = world.services.bookings
    guest = await make_caller(world)
    host, hero = await make_host(world, rate_in_cents=250)
    booking = await accept_call(world, guest, hero)
    with pytest.raises(Invalid):
        await bookings.agree(booking, host.id, booking.suggestions[0].times[0])
    booking = await bookings.suggest(booking, guest.id, three_times(world, after=600))
    with pytest.raises(Invalid):
        await bookings.agree(booking, guest.id, booking.suggestions[1].times[0])
    booking = await bookings.agree(booking, host.id, booking.suggestions[1].times[2])
    assert (booking.state, booking.starts) == (State.AGREED, booking.suggestions[1].times[2])
    assert booking.rate_in_cents == 250
    assert booking == dataclasses.replace(await kept(world, booking), news=booking.news)
    for refused in (
        bookings.suggest(booking, guest.id, three_times(world, after=1200)),
        bookings.agree(booking, guest.id, booking.suggestions[0].times[0]),
        bookings.accept(booking, host.id, three_times(world, after=1200)),
        bookings.decline(booking, host.id, "No"),
    ):
        with pytest.raises(WrongState):
            await refused


async def test_the_rate_is_that_of_the_moment_of_agreement(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world, rate_in_cents=100)
    booking = await make_accepted_request(world, guest, hero)
    now = world.services.clock.now()
    await world.database.heroes.change(hero.id, {"rate_in_cents": 300}, now=now)
    agreed = await world.services.bookings.agree(booking, guest.id, booking.suggestions[0].times[0])
    await world.database.heroes.change(hero.id, {"rate_in_cents": 900}, now=now)
    assert (await kept(world, agreed)).rate_in_cents == 300


async def test_the_guest_neither_accepts_nor_declines(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    booking = await make_request(world, guest, hero)
    with pytest.raises(NotAllowed):
        await world.services.bookings.accept(booking, guest.id, three_times(world))
    with pytest.raises(NotAllowed):
        await world.services.bookings.decline(booking, guest.id, "No")


async def test_agreeing_gives_each_participant_a_pin_of_his_own_kept_as_a_hash(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await agree_on_call(world, guest, hero)
    key = "a-secret-for-tests-only"
    pins = {pin.person_id: codes.pin_for(key, booking.id, pin.person_id, pin.attempt) for pin in booking.pins}
    assert set(pins) == {guest.id, host.id}
    assert len(set(pins.values())) == 2
    for pin in booking.pins:
        assert pin.hash == codes.keyed_hash(key, "pin", pins[pin.person_id])
    written = str(to_document(await kept(world, booking)))
    assert not any(pin in written for pin in pins.values())


async def test_a_pin_that_is_in_use_is_replaced_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        codes, "pin_for", lambda key, booking_id, person_id, attempt=0: f"{attempt:03}{person_id % 2:03}"
    )
    agreed = []
    for _ in range(3):
        guest = await make_caller(world)
        _, hero = await make_host(world)
        agreed.append(await agree_on_call(world, guest, hero))
    firm = await world.services.bookings.propose(
        Kind.MEMORIAL,
        host=await make_caller(world),
        guest_ids=[guest.id],
        by=guest.id,
        starts=world.services.clock.now() + DAY,
        minutes=60,
        firm=True,
    )
    hashes = [pin.hash for booking in (*agreed, firm) for pin in (await kept(world, booking)).pins]
    assert len(set(hashes)) == 8


async def test_of_fifty_agreements_at_once_with_one_host_for_one_time_one_is_made(world: World) -> None:
    host, hero = await make_host(world)
    guests = [await make_caller(world) for _ in range(50)]
    waiting = [await make_accepted_request(world, guest, hero) for guest in guests]
    time = waiting[0].suggestions[0].times[0]
    outcomes = await asyncio.gather(
        *(
            world.services.bookings.agree(booking, guest.id, time)
            for booking, guest in zip(waiting, guests, strict=True)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Booking) for each in outcomes) == 1
    assert sum(isinstance(each, TimeTaken) for each in outcomes) == 49
    found = await world.database.bookings.agreed_between(time, time)
    assert [each.host_id for each in found] == [host.id]


async def test_of_fifty_agreements_at_once_in_two_requests_one_is_made(world: World) -> None:
    _, hero = await make_host(world)
    guests = [await make_caller(world), await make_caller(world)]
    waiting = [await make_accepted_request(world, guest, hero) for guest in guests]
    time = waiting[0].suggestions[0].times[0]
    outcomes = await asyncio.gather(
        *(
            world.services.bookings.agree(booking, guest.id, time)
            for booking, guest in list(zip(waiting, guests, strict=True)) * 25
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Booking) for each in outcomes) == 1
    assert all(isinstance(each, (Booking, TimeTaken, WrongState)) for each in outcomes)
    assert sum(isinstance(each, TimeTaken) for each in outcomes) == 25


async def test_calls_may_touch_but_not_overlap(world: World) -> None:
    _, hero = await make_host(world)
    first, second = await make_caller(world), await make_caller(world)
    await make_agreed_booking(world, first, hero, minutes=30)
    start = three_times(world)[0]
    booking = await make_request(world, second, hero, minutes=30)
    times = (start + 15 * MINUTE, start + 30 * MINUTE, start - 15 * MINUTE)
    booking = await world.services.bookings.accept(booking, hero.person_id, times)
    for taken in (times[0], times[2]):
        with pytest.raises(TimeTaken):
            await world.services.bookings.agree(booking, second.id, taken)
    await world.services.bookings.agree(booking, second.id, times[1])


async def test_an_accept_and_a_cancel_of_the_same_request_at_once_exclude_each_other(world: World) -> None:
    _, hero = await make_host(world)
    for _ in range(10):
        guest = await make_caller(world)
        booking = await make_request(world, guest, hero)
        accepted, cancelled = await asyncio.gather(
            world.services.bookings.accept(booking, hero.person_id, three_times(world)),
            world.services.bookings.cancel(booking, guest.id),
            return_exceptions=True,
        )
        made = [each for each in (accepted, cancelled) if isinstance(each, Booking)]
        assert len(made) == 1
        assert sum(isinstance(each, WrongState) for each in (accepted, cancelled)) == 1
        assert (await kept(world, booking)).state is made[0].state


async def test_suggestions_at_once_are_all_kept_or_refused_as_repetitions(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await make_accepted_request(world, guest, hero)
    same = three_times(world, after=600)
    outcomes = await asyncio.gather(
        *(world.services.bookings.suggest(booking, person, same) for person in (guest.id, host.id)),
        world.services.bookings.suggest(booking, guest.id, three_times(world, after=1200)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Booking) for each in outcomes) == 2
    assert sum(isinstance(each, AlreadySuggested) for each in outcomes) == 1
    assert len((await kept(world, booking)).suggestions) == 3


async def test_a_cancel_gets_through_although_the_other_side_suggests_meanwhile(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await make_accepted_request(world, guest, hero)
    await world.services.bookings.suggest(booking, host.id, three_times(world, after=600))
    cancelled = await world.services.bookings.cancel(booking, guest.id)
    assert (cancelled.state, len(cancelled.suggestions)) == (State.CANCELLED, 2)


async def test_a_page_of_bookings_takes_one_question_for_its_people_and_one_for_its_heroes(
    world: World,
) -> None:
    guest = await make_caller(world)
    made = [await make_accepted_request(world, guest, (await make_host(world))[1]) for _ in range(4)]
    parties = await world.services.bookings.parties(made)
    assert set(parties.people) == set(itertools.chain(*(booking.people_ids for booking in made)))
    assert {hero.person_id for hero in parties.heroes.values()} == {booking.host_id for booking in made}
