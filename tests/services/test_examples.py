"""Example people: somebody for each contract, everything made once, and only where nothing is real."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest

from thserver.companies import make_records
from thserver.domain.bookings import Kind, State
from thserver.gateways.clock import PracticeClock
from thserver.services import example_bookings
from thserver.services import example_people as cast
from thserver.services.all import Services
from thserver.services.example_bookings import CALL_IS_NEAR, first_quarter
from thserver.services.examples import NotPractising


@pytest.fixture
def clock() -> PracticeClock:
    return PracticeClock(make_records(None))


async def test_there_is_somebody_with_something_booked_for_each_contract_once(
    services: Services, clock: PracticeClock
) -> None:
    made = await services.examples.fill()
    assert made.new == len(made.people) == len(cast.EVERYBODY)
    assert {booking.kind for booking in made.booked} == set(Kind)
    assert {booking.state for booking in made.booked} == {State.AGREED}
    call = made.booked[0]
    assert call.starts is not None
    assert timedelta() < call.starts - clock.now() <= CALL_IS_NEAR
    for person in await services.practice_board.people():
        assert person.email_verified
    agenda = await services.practice_board.appointments([call.host_id, call.guest_ids[0]])
    assert [each.booking.id for each in agenda] == [call.id]
    assert agenda[0].opens <= clock.now()
    assert [each.full_name for each in agenda[0].people] == ["Hanna Berg", "Carlos Diaz"]

    ahead = clock.ahead
    again = await services.examples.fill()
    assert (again.new, again.booked, clock.ahead) == (0, [], ahead)


async def test_what_is_over_or_was_left_half_made_is_made_anew(
    services: Services, clock: PracticeClock
) -> None:
    made = await services.examples.fill()
    clock.advance(timedelta(days=2))
    hero = await services.heroes.of_person(made.people[cast.HERO.key].id)
    await services.bookings.request(
        made.people[cast.CALLER.key], hero_id=hero.id, message="Half made", minutes=15
    )
    again = await services.examples.fill()
    assert again.new == 0
    # The memorial was held once.
    assert {booking.kind for booking in again.booked} == set(Kind) - {Kind.MEMORIAL}
    assert {booking.state for booking in again.booked} == {State.AGREED}


async def test_where_any_company_is_real_there_are_no_examples(services: Services) -> None:
    practice = services.practice
    for company in ("carrier", "payments", "mail", "clock"):
        services.practice = dataclasses.replace(practice, **{company: None})
        with pytest.raises(NotPractising):
            await services.examples.fill()
    assert await services.practice_board.people() == []


async def test_a_quarter_of_an_hour_that_begins_meanwhile_does_no_harm(
    services: Services, clock: PracticeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_the_verge(moment: datetime) -> datetime:
        """As if it had been asked ten seconds before a quarter, and the answer came ten seconds after it."""
        wanted_ahead = moment - clock.now()
        clock.advance(first_quarter(clock.now()) - clock.now() + timedelta(minutes=15, seconds=-10))
        starts = first_quarter(clock.now() + wanted_ahead)
        clock.advance(timedelta(seconds=20))
        return starts

    monkeypatch.setattr(example_bookings, "first_quarter", on_the_verge)
    made = await services.examples.fill()
    assert Kind.CALL in {booking.kind for booking in made.booked}
