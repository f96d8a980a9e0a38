"""From a request to an agreed time, cancelling, and what follows by itself."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from datetime import timedelta

import pytest

from store.bookings import to_document
from tests.booking_makers import (
    MINUTE,
    World,
    make_accepted_request,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
    three_times,
)
from tests.fakes.clock import FakeClock
from thserver.domain import codes
from thserver.domain.bookings import Booking, Kind, News, State
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
    TooManyCancellations,
    WrongState,
)

DAY = timedelta(days=1)


async def kept(world: World, booking: Booking) -> Booking:
    found = await world.database.bookings.get(booking.id)
    assert found is not None
    return found


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
        await make_request(world, guest, hero)
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
        *(make_request(world, guest, hero) for _ in range(50)), return_exceptions=True
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
    booking = await make_accepted_request(world, guest, hero)
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
    booking = await make_agreed_booking(world, guest, hero)
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
        agreed.append(await make_agreed_booking(world, guest, hero))
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


async def test_open_requests_are_cancelled_without_being_counted(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    for _ in range(5):
        booking = await make_request(world, guest, hero)
        booking = await world.services.bookings.cancel(booking, guest.id, reason="Changed my mind")
        assert (booking.state, booking.cancel_reason, booking.reason) == (
            State.CANCELLED,
            "Changed my mind",
            "",
        )
    assert (
        await world.database.people.counted_cancellations(guest.id, before=world.services.clock.now() + DAY)
        == set()
    )


async def test_the_fourth_cancellation_of_an_accepted_call_is_refused_or_costs_the_fee(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    bookings = world.services.bookings
    for turn in range(3):
        make = make_agreed_booking if turn % 2 else make_accepted_request
        cancelled = await bookings.cancel(await make(world, guest, hero), guest.id, force=turn == 0)
        assert (cancelled.fee_in_cents, cancelled.cancelled_by) == (0, guest.id)
    booking = await make_agreed_booking(world, guest, hero)
    with pytest.raises(TooManyCancellations):
        await bookings.cancel(booking, guest.id)
    assert (await kept(world, booking)).state is State.AGREED
    forced = await bookings.cancel(booking, guest.id, force=True)
    assert (forced.state, forced.fee_in_cents) == (State.CANCELLED, 500)


async def test_each_side_has_cancellations_of_his_own(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    for _ in range(3):
        await world.services.bookings.cancel(await make_accepted_request(world, guest, hero), guest.id)
    cancelled = await world.services.bookings.cancel(await make_accepted_request(world, guest, hero), host.id)
    assert cancelled.cancelled_by == host.id


async def test_of_ten_cancellations_at_once_exactly_three_are_free(world: World) -> None:
    guest = await make_caller(world)
    waiting = [await make_accepted_request(world, guest, (await make_host(world))[1]) for _ in range(10)]
    outcomes = await asyncio.gather(
        *(world.services.bookings.cancel(booking, guest.id) for booking in waiting),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Booking) for each in outcomes) == 3
    assert sum(isinstance(each, TooManyCancellations) for each in outcomes) == 7


async def test_one_call_cancelled_by_both_sides_at_once_counts_for_one_of_them(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    later = world.services.clock.now() + DAY
    for turn in range(1, 4):
        booking = await make_accepted_request(world, guest, hero)
        outcomes = await asyncio.gather(
            *(world.services.bookings.cancel(booking, each) for each in (guest.id, host.id, guest.id)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Booking) for each in outcomes) == 1, outcomes
        counted = [
            await world.database.people.counted_cancellations(person, before=later)
            for person in (guest.id, host.id)
        ]
        assert sum(len(each) for each in counted) == turn


async def test_a_cancellation_that_was_counted_and_never_made_gives_its_place_back(
    world: World, clock: FakeClock
) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    for _ in range(2):
        await world.services.bookings.cancel(await make_accepted_request(world, guest, hero), guest.id)
    # The process died between counting and cancelling.
    dead = await make_accepted_request(world, guest, hero)
    await world.database.people.reserve_cancellation(guest.id, dead.id, allowed=3, now=clock.now())
    other = await make_accepted_request(world, guest, (await make_host(world))[1])
    with pytest.raises(TooManyCancellations):
        await world.services.bookings.cancel(other, guest.id)
    clock.advance(minutes=2)
    assert (await world.services.bookings.cancel(other, guest.id)).fee_in_cents == 0
    with pytest.raises(TooManyCancellations):
        await world.services.bookings.cancel(dead, guest.id)


async def test_what_has_begun_or_was_held_is_not_cancelled(world: World, clock: FakeClock) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    held = await make_agreed_booking(world, guest, hero)
    held_now = await world.services.bookings.mark_held(held.id)
    assert held_now is not None
    for stale_or_not in (held, held_now):
        with pytest.raises(WrongState):
            await world.services.bookings.cancel(stale_or_not, guest.id)
    other = await make_agreed_booking(world, guest, (await make_host(world))[1])
    assert other.starts is not None
    clock.set(other.starts)
    with pytest.raises(WrongState):
        await world.services.bookings.cancel(other, guest.id)
    assert await world.database.people.counted_cancellations(guest.id, before=clock.now() + DAY) == set()


async def test_held_and_missed_are_decided_once_and_a_late_report_corrects_missed(world: World) -> None:
    bookings = world.services.bookings
    guest = await make_caller(world)
    _, hero = await make_host(world)
    booking = await make_agreed_booking(world, guest, hero)
    missed = await bookings.mark_missed(booking)
    assert missed is not None
    assert (missed.state, missed.pins) == (State.MISSED, ())
    assert await bookings.mark_missed(booking) is None
    for _ in range(2):
        held = await bookings.mark_held(booking.id)
        assert held is not None
        assert held.state is State.HELD
    assert await bookings.mark_missed(missed) is None
    asked = await make_request(world, guest, hero)
    assert await bookings.mark_held(asked.id) is None
    assert await bookings.mark_held(999) is None


async def test_requests_that_nobody_answers_lapse(world: World, clock: FakeClock) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    _, busy = await make_host(world)
    waiting = await make_request(world, guest, hero)
    offered = await make_accepted_request(world, guest, busy)
    agreed = await make_agreed_booking(world, guest, (await make_host(world))[1])
    assert await world.services.bookings.lapse_stale(clock.now() + 14 * DAY) == 0
    now = clock.advance(days=14, seconds=1)
    assert await world.services.bookings.lapse_stale(now) == 2
    assert await world.services.bookings.lapse_stale(now) == 0
    for booking in (waiting, offered):
        lapsed = await kept(world, booking)
        assert (lapsed.state, lapsed.cancelled_by) == (State.CANCELLED, None)
    assert (await kept(world, agreed)).state is State.AGREED


async def propose(world: World, **more: object) -> Booking:
    host, _ = await make_host(world)
    guest = await make_caller(world)
    arguments = {
        "host": host,
        "guest_ids": [guest.id],
        "by": guest.id,
        "starts": world.services.clock.now() + DAY,
        "minutes": 60,
        **more,
    }
    return await world.services.bookings.propose(Kind.SESSION, **arguments)  # type: ignore[arg-type]


async def test_a_proposed_time_is_held_at_once_and_confirmed_by_the_host(world: World) -> None:
    bookings = world.services.bookings
    booking = await propose(world, details={"window": 7})
    assert (booking.state, booking.details, booking.pins) == (State.REQUESTED, {"window": 7}, ())
    host = await world.database.people.get(booking.host_id)
    assert host is not None
    with pytest.raises(TimeTaken):
        await propose(world, host=host)
    with pytest.raises(NotAllowed):
        await bookings.confirm(booking, booking.guest_ids[0])
    confirmed = await bookings.confirm(booking, booking.host_id)
    assert (confirmed.state, confirmed.starts, len(confirmed.pins)) == (State.AGREED, booking.starts, 2)
    assert confirmed.room == host.slug
    await bookings.cancel(confirmed, booking.guest_ids[0])
    await propose(world, host=host)


async def test_of_thirty_proposals_at_once_for_one_time_one_is_made(world: World) -> None:
    host, _ = await make_host(world)
    outcomes = await asyncio.gather(*(propose(world, host=host) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(each, Booking) for each in outcomes) == 1
    assert sum(isinstance(each, TimeTaken) for each in outcomes) == 29


async def test_a_proposal_in_the_past_is_refused_and_one_that_is_overtaken_lapses(
    world: World, clock: FakeClock
) -> None:
    with pytest.raises(Invalid):
        await propose(world, starts=clock.now())
    booking = await propose(world)
    now = clock.advance(days=1)
    with pytest.raises(WrongState):
        await world.services.bookings.confirm(booking, booking.host_id)
    assert await world.services.bookings.lapse_stale(now) == 1
    assert (await kept(world, booking)).state is State.CANCELLED


async def test_a_request_without_a_time_is_not_confirmed(world: World) -> None:
    _, hero = await make_host(world)
    booking = await make_request(world, await make_caller(world), hero)
    with pytest.raises(WrongState):
        await world.services.bookings.confirm(booking, hero.person_id)


async def test_a_firm_booking_has_its_pins_at_once_and_a_host_without_a_room_gets_one(world: World) -> None:
    king = await make_caller(world)
    booking = await propose(world, host=king, by=king.id, firm=True)
    assert (booking.state, booking.room, len(booking.pins)) == (State.AGREED, "cam-newton", 2)
    assert booking == dataclasses.replace(await kept(world, booking), news=booking.news)


async def test_a_closed_account_withdraws_what_is_open_and_leaves_the_rest_to_others(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    asked = await make_request(world, guest, hero)
    agreed = await make_agreed_booking(world, guest, (await make_host(world))[1])
    gathering = await propose(world, guest_ids=[guest.id, 777])
    held = await make_agreed_booking(world, guest, (await make_host(world))[1])
    await world.services.bookings.mark_held(held.id)
    await world.services.bookings.cancel_all_of(guest.id)
    for booking in (asked, agreed):
        withdrawn = await kept(world, booking)
        assert (withdrawn.state, withdrawn.cancelled_by, withdrawn.fee_in_cents) == (
            State.CANCELLED,
            guest.id,
            0,
        )
    assert (await kept(world, held)).state is State.HELD
    left = await kept(world, gathering)
    assert (left.state, left.guest_ids) == (State.REQUESTED, (777,))


async def test_every_change_is_told_once_with_news_of_its_own(world: World) -> None:
    told: list[tuple[int, str, int | None]] = []

    async def listen(booking: Booking, news: News) -> None:
        told.append((booking.id, news.id, news.by))

    world.services.news.subscribe(listen)
    guest = await make_caller(world)
    host, hero = await make_host(world)
    bookings = world.services.bookings
    one = await make_accepted_request(world, guest, hero)
    one = await bookings.suggest(one, guest.id, three_times(world, after=600))
    one = await bookings.suggest(one, host.id, three_times(world, after=1200))
    one = await bookings.agree(one, guest.id, one.suggestions[-1].times[0])
    await bookings.cancel(one, host.id)
    two = await bookings.decline(await make_request(world, guest, hero), host.id, "No")
    three = await make_agreed_booking(world, guest, hero)
    await bookings.mark_missed(three)
    await bookings.mark_held(three.id)
    await world.services.background.idle()
    whats = {
        number: [what for each, what, _ in told if each == number] for number in (one.id, two.id, three.id)
    }
    assert sorted(set(whats[one.id])) == [
        "accepted:1",
        "agreed:3",
        "cancelled:3",
        "new_times:2",
        "new_times:3",
        "requested:0",
    ]
    assert set(whats[two.id]) == {"requested:0", "declined:0"}
    assert {"missed:1", "held:1"} <= set(whats[three.id])
    assert (one.id, "cancelled:3", host.id) in told
    for number in (one.id, two.id, three.id):
        assert (await world.database.bookings.get(number)).news == ()  # type: ignore[union-attr]


async def test_news_of_a_process_that_died_is_told_later(world: World, clock: FakeClock) -> None:
    told: list[str] = []

    async def fail(booking: Booking, news: News) -> None:
        raise RuntimeError("died")

    guest = await make_caller(world)
    _, hero = await make_host(world)
    world.services.news.subscribe(fail)
    await make_request(world, guest, hero)
    await world.services.background.idle()
    world.services.news._subscribers.remove(fail)

    async def listen(booking: Booking, news: News) -> None:
        told.append(news.what)

    world.services.news.subscribe(listen)
    clock.advance(minutes=1)
    assert await world.services.news.tell_left_over() == 1
    assert await world.services.news.tell_left_over() == 0
    assert told == ["requested"]


async def test_a_page_of_bookings_takes_one_question_for_its_people_and_one_for_its_heroes(
    world: World,
) -> None:
    guest = await make_caller(world)
    made = [await make_accepted_request(world, guest, (await make_host(world))[1]) for _ in range(4)]
    parties = await world.services.bookings.parties(made)
    assert set(parties.people) == set(itertools.chain(*(booking.people_ids for booking in made)))
    assert {hero.person_id for hero in parties.heroes.values()} == {booking.host_id for booking in made}
