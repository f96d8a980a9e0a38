"""From the carrier's events to legs, log and talk time, whatever order they come in."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from thserver.domain.conferences import (
    CALL_RECORD,
    CONFERENCE_RECORD,
    ConferenceEvent,
    Leg,
    derive,
    in_order,
    seconds_talked,
    talk_intervals,
)

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
HOST, GUEST, OTHER = 1, 2, 3
CALLERS = {"CAhost": HOST, "CAguest": GUEST, "CAguest2": GUEST, "CAother": OTHER}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def event(number: int | None, name: str, seconds: float, call_sid: str | None = None) -> ConferenceEvent:
    return ConferenceEvent(
        key=str(number) if number is not None else f"hash-{name}-{seconds}-{call_sid}",
        sequence_number=number,
        name=name,
        at=at(seconds),
        call_sid=call_sid,
        room="tom-brady",
    )


CALL = [
    event(1, "participant-join", 0, "CAguest"),
    event(2, "participant-join", 10, "CAhost"),
    event(3, "conference-start", 10),
    event(4, "participant-leave", 70, "CAhost"),
    event(5, "participant-leave", 80, "CAguest"),
    event(6, "conference-end", 80),
]


def leg(person_id: int | None, joined: float, left: float | None, sid: str = "CA") -> Leg:
    return Leg(f"{sid}{person_id}", person_id, at(joined), None if left is None else at(left))


def test_the_whole_call_gives_two_legs_six_log_entries_and_the_time_in_common() -> None:
    conference = derive("CF1", CALL, booking_id=7, callers=CALLERS)
    assert conference.created == at(0)
    assert conference.started == at(10)
    assert conference.ended == at(80)
    assert conference.complete
    assert conference.room == "tom-brady"
    assert conference.legs == (
        Leg("CAguest", GUEST, at(0), at(80)),
        Leg("CAhost", HOST, at(10), at(70)),
    )
    assert [(entry.person_id, entry.action) for entry in conference.log] == [
        (GUEST, "participant-join"),
        (HOST, "participant-join"),
        (None, "conference-start"),
        (HOST, "participant-leave"),
        (GUEST, "participant-leave"),
        (None, "conference-end"),
    ]
    assert talk_intervals(conference.legs, HOST) == [(at(10), at(70))]


def test_every_order_of_arrival_gives_the_same_conference() -> None:
    expected = derive("CF1", CALL, booking_id=7, callers=CALLERS)
    for order in itertools.permutations(CALL):
        assert derive("CF1", order, booking_id=7, callers=CALLERS) == expected


@pytest.mark.parametrize("seed", range(50))
def test_any_set_of_events_in_any_order_has_one_outcome(seed: int) -> None:
    chance = random.Random(seed)
    names = [
        "participant-join",
        "participant-leave",
        "conference-start",
        "conference-end",
        "participant-mute",
    ]
    events = [
        event(
            chance.choice([number, None]),
            chance.choice(names),
            chance.randrange(100),
            chance.choice([*CALLERS, None, "CAunknown"]),
        )
        for number in range(10)
    ]
    events.append(
        ConferenceEvent(
            key="record:conference", sequence_number=None, name=CONFERENCE_RECORD, at=at(0), until=at(200)
        )
    )
    expected = derive("CF1", events, booking_id=7, callers=CALLERS)
    for _ in range(20):
        chance.shuffle(events)
        assert derive("CF1", events, booking_id=7, callers=CALLERS) == expected
    for start, end in talk_intervals(expected.legs, HOST):
        assert start < end


@pytest.mark.parametrize("missing", range(len(CALL)))
def test_a_lost_callback_never_adds_talk_time(missing: int) -> None:
    events = CALL[:missing] + CALL[missing + 1 :]
    conference = derive("CF1", events, booking_id=7, callers=CALLERS)
    assert seconds_talked(talk_intervals(conference.legs, HOST)) <= 70
    if missing in (1, 4):
        assert not conference.complete, "the carrier must be asked first"


def test_without_the_end_the_conference_is_on_and_open_stays_do_not_count() -> None:
    conference = derive("CF1", CALL[:3], booking_id=7, callers=CALLERS)
    assert conference.ended is None
    assert not conference.complete
    assert {leg.person_id for leg in conference.present} == {HOST, GUEST}
    assert talk_intervals(conference.legs, HOST) == []


def test_a_leave_that_never_came_is_closed_by_the_end_and_by_the_carriers_record_of_the_call() -> None:
    events = [each for each in CALL if each.key != "4"]
    closed = derive("CF1", events, booking_id=7, callers=CALLERS)
    assert talk_intervals(closed.legs, HOST) == [(at(10), at(80))]
    assert not closed.complete
    record = [
        ConferenceEvent(
            key="record:CAhost",
            sequence_number=None,
            name=CALL_RECORD,
            at=at(-5),
            until=at(65),
            call_sid="CAhost",
        ),
        ConferenceEvent(
            key="record:conference", sequence_number=None, name=CONFERENCE_RECORD, at=at(0), until=at(80)
        ),
    ]
    corrected = derive("CF1", [*events, *record], booking_id=7, callers=CALLERS)
    assert talk_intervals(corrected.legs, HOST) == [(at(10), at(65))]
    assert corrected.complete


def test_a_lost_join_is_made_up_for_from_the_carriers_record_but_not_before_the_start() -> None:
    events = [each for each in CALL if each.key != "2"]
    assert talk_intervals(derive("CF1", events, booking_id=7, callers=CALLERS).legs, HOST) == []
    record = ConferenceEvent(
        key="record:CAhost",
        sequence_number=None,
        name=CALL_RECORD,
        at=at(-20),
        until=at(70),
        call_sid="CAhost",
    )
    made_up = derive("CF1", [*events, record], booking_id=7, callers=CALLERS)
    assert talk_intervals(made_up.legs, HOST) == [(at(10), at(70))]


def test_leaving_twice_and_unknown_events_change_nothing() -> None:
    plain = derive("CF1", CALL[:4], booking_id=7, callers=CALLERS)
    more = derive(
        "CF1",
        [*CALL[:4], event(5, "participant-leave", 90, "CAhost"), event(6, "participant-dance", 95, "CAhost")],
        booking_id=7,
        callers=CALLERS,
    )
    assert more.legs == plain.legs


def test_nobody_knows_a_conference_without_events() -> None:
    with pytest.raises(ValueError):
        derive("CF1", [], booking_id=7, callers={})


def test_events_are_ordered_by_number_and_by_time_where_a_number_is_missing() -> None:
    early, late = event(2, "participant-join", 50, "CAhost"), event(9, "participant-leave", 10, "CAhost")
    assert in_order([late, early]) == [early, late]
    numberless = event(None, "conference-start", 20)
    assert in_order([early, numberless, late]) == [late, numberless, early]


@pytest.mark.parametrize(
    ("legs", "expected"),
    [
        ([], []),
        ([leg(HOST, 0, 100)], []),
        ([leg(HOST, 0, 50), leg(GUEST, 50, 100)], []),
        ([leg(HOST, 0, 100), leg(GUEST, 20, 60)], [(20, 60)]),
        # He dropped and came back; only what both shared counts.
        ([leg(HOST, 0, 100), leg(GUEST, 10, 30), leg(GUEST, 40, 70)], [(10, 30), (40, 70)]),
        # A dead leg and its successor overlap: the same person is not counted twice.
        ([leg(HOST, 0, 100), leg(GUEST, 10, 50), leg(GUEST, 40, 70)], [(10, 70)]),
        # Two legs of the host alone are nobody's talk.
        ([leg(HOST, 0, 100), leg(HOST, 10, 50)], []),
        # A gathering counts from the first guest to the last.
        ([leg(HOST, 0, 100), leg(GUEST, 10, 30), leg(OTHER, 20, 60)], [(10, 60)]),
        # Unknown calls and stays without an end do not count.
        ([leg(HOST, 0, 100), leg(None, 10, 30)], []),
        ([leg(HOST, 0, None), leg(GUEST, 10, 30)], []),
        # A stay of no length joins nothing.
        ([leg(HOST, 0, 100), leg(GUEST, 20, 20)], []),
    ],
)
def test_talk_time_is_what_host_and_a_guest_share(legs: list[Leg], expected: list[tuple[int, int]]) -> None:
    assert talk_intervals(legs, HOST) == [(at(start), at(end)) for start, end in expected]


@pytest.mark.parametrize("seed", range(100))
def test_talk_time_agrees_with_looking_at_every_second(seed: int) -> None:
    chance = random.Random(seed)
    legs = []
    for _ in range(chance.randrange(8)):
        joined = chance.randrange(60)
        legs.append(leg(chance.choice([HOST, GUEST, OTHER, None]), joined, joined + chance.randrange(40)))

    def on(second: int, people: set[int]) -> bool:
        return any(
            each.person_id in people and each.left is not None and each.joined <= at(second) < each.left
            for each in legs
        )

    intervals = talk_intervals(legs, HOST)
    seconds = sum(on(second, {HOST}) and on(second, {GUEST, OTHER}) for second in range(120))
    assert seconds_talked(intervals) == seconds
    assert all(one[1] < other[0] for one, other in itertools.pairwise(intervals))
    chance.shuffle(legs)
    assert talk_intervals(legs, HOST) == intervals


def test_no_part_of_the_events_is_taken_for_the_whole_call() -> None:
    """It would be settled, once and for all, before the rest of it is known."""
    for count in range(1, len(CALL)):
        for part in itertools.combinations(CALL, count):
            told = [each.sequence_number for each in part]
            assert not derive("CF1", part, booking_id=7, callers=CALLERS).complete, told
