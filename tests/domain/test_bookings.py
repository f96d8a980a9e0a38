"""The rules of bookings: who may do what and when."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest

from tests.booking_makers import GUEST, HOST, MINUTE, NOW, plain_booking
from thserver.domain import bookings
from thserver.domain.bookings import MOVES, Kind, Role, State, Suggestion
from thserver.domain.errors import AlreadySuggested, Invalid, NotAllowed, NotAParticipant, WrongState

STRANGER = 3


def times(*minutes: float) -> tuple[datetime, ...]:
    return tuple(NOW + each * MINUTE for each in minutes)


def test_a_strangers_role_is_refused() -> None:
    assert plain_booking().role_of(HOST) is Role.HOST
    assert plain_booking().role_of(GUEST) is Role.GUEST
    with pytest.raises(NotAParticipant):
        plain_booking().role_of(STRANGER)


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("state", State)
def test_a_move_is_made_only_from_its_states(name: str, state: State) -> None:
    move = MOVES[name]
    seen = plain_booking(state=state)
    role = next(iter(move.by))
    if state in move.from_states:
        assert bookings.check_move(seen, name, role) is move
    else:
        with pytest.raises(WrongState):
            bookings.check_move(seen, name, role)


@pytest.mark.parametrize("name", ["accept", "decline", "confirm"])
def test_only_the_host_answers_a_request(name: str) -> None:
    with pytest.raises(NotAllowed):
        bookings.check_move(plain_booking(), name, Role.GUEST)


@pytest.mark.parametrize("name", ["lapse", "hold", "miss"])
def test_nobody_decides_by_hand_what_follows_by_itself(name: str) -> None:
    for role in (Role.HOST, Role.GUEST):
        with pytest.raises(NotAllowed):
            bookings.check_move(plain_booking(), name, role)


def test_an_end_is_an_end() -> None:
    for ended in (State.DECLINED, State.CANCELLED, State.HELD):
        assert not [name for name, move in MOVES.items() if ended in move.from_states], ended


def test_three_good_times_are_taken() -> None:
    bookings.check_times(times(30, 45, 60), NOW)


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        (times(15, 45, 60), {"time_one": "too_soon"}),
        (times(30, 50, 60), {"time_two": "not_on_a_quarter_hour"}),
        (times(30, 45, 60.5), {"time_three": "not_on_a_quarter_hour"}),
        (times(30, 45, 60 + 1 / 60_000), {"time_three": "not_on_a_quarter_hour"}),
        (times(60, 45, 60), {"time_one": "repeated", "time_three": "repeated"}),
        (times(-60, 45, 61), {"time_one": "too_soon", "time_three": "not_on_a_quarter_hour"}),
    ],
)
def test_bad_times_are_named_one_by_one(given: tuple[datetime, ...], problems: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        bookings.check_times(given, NOW)
    assert refusal.value.problems == problems


def test_a_time_of_an_earlier_suggestion_of_whomever_is_a_repetition() -> None:
    seen = plain_booking(
        suggestions=(Suggestion(HOST, times(60, 75, 90), NOW), Suggestion(GUEST, times(30, 45, 105), NOW))
    )
    bookings.check_new_times(seen, times(120, 135, 150), NOW)
    for repeated in (75, 105):
        with pytest.raises(AlreadySuggested):
            bookings.check_new_times(seen, times(120, repeated, 150), NOW)


def test_two_who_never_agree_do_not_offer_times_without_end() -> None:
    offered = (Suggestion(HOST, times(60, 75, 90), NOW),) * bookings.MOST_SUGGESTIONS
    bookings.check_new_times(plain_booking(suggestions=offered[1:]), times(120, 135, 150), NOW)
    with pytest.raises(WrongState):
        bookings.check_new_times(plain_booking(suggestions=offered), times(120, 135, 150), NOW)


@pytest.mark.parametrize("minutes", [0, 1, 14, 16, 121, 135, -15])
def test_a_length_is_a_number_of_quarters_up_to_two_hours(minutes: int) -> None:
    bookings.check_length(15)
    bookings.check_length(120)
    with pytest.raises(Invalid):
        bookings.check_length(minutes)


def test_only_the_other_sides_latest_suggestion_is_on_offer() -> None:
    first = Suggestion(HOST, times(60, 75, 90), NOW)
    second = Suggestion(GUEST, times(120, 135, 150), NOW)
    third = Suggestion(HOST, times(180, 195, 210), NOW)
    assert bookings.open_offer(plain_booking(), GUEST) == ()
    assert bookings.open_offer(plain_booking(suggestions=(first,)), GUEST) == first.times
    assert bookings.open_offer(plain_booking(suggestions=(first,)), HOST) == ()
    assert bookings.open_offer(plain_booking(suggestions=(first, second, third)), GUEST) == third.times
    assert bookings.open_offer(plain_booking(suggestions=(first, second, third)), HOST) == second.times


def test_a_time_that_was_offered_and_has_passed_is_not_agreed_to() -> None:
    seen = plain_booking(suggestions=(Suggestion(HOST, times(30, 45, 60), NOW),))
    bookings.check_agreement(seen, GUEST, NOW + 30 * MINUTE, NOW + 29 * MINUTE)
    with pytest.raises(Invalid) as refusal:
        bookings.check_agreement(seen, GUEST, NOW + 30 * MINUTE, NOW + 30 * MINUTE)
    assert refusal.value.problems == {"agreed_time": "in_the_past"}


def test_what_waits_too_long_is_stale() -> None:
    waiting = plain_booking()
    assert not bookings.is_stale(waiting, NOW + timedelta(days=14))
    assert bookings.is_stale(waiting, NOW + timedelta(days=14, seconds=1))
    offered = plain_booking(
        state=State.ACCEPTED, suggestions=(Suggestion(HOST, times(30, 45, 60 * 24 * 20), NOW),)
    )
    assert not bookings.is_stale(offered, NOW + timedelta(days=15))
    assert bookings.is_stale(offered, NOW + timedelta(days=21))
    proposed = plain_booking(kind=Kind.SESSION, starts=NOW + 60 * MINUTE)
    assert not bookings.is_stale(proposed, NOW + 59 * MINUTE)
    assert bookings.is_stale(proposed, NOW + 60 * MINUTE)
    assert not bookings.is_stale(dataclasses.replace(proposed, state=State.AGREED), NOW + timedelta(days=99))


def test_a_booking_takes_every_minute_that_it_touches_and_no_other() -> None:
    assert len(bookings.minutes_taken(NOW, 30)) == 30
    assert len(bookings.minutes_taken(NOW + timedelta(seconds=30), 30)) == 31
    first, second = bookings.minutes_taken(NOW, 30), bookings.minutes_taken(NOW + 30 * MINUTE, 30)
    assert not set(first) & set(second)
