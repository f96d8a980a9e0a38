"""What the collection of bookings keeps apart, and that its questions use their indexes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from store.booking_documents import from_document, taken, to_document
from store.bookings import Stale
from store.database import Database
from tests.booking_makers import GUEST, HOST, MINUTE, NOW, plain_booking
from thserver.domain.bookings import MOVES, Booking, Kind, News, Pin, State, Suggestion
from thserver.domain.errors import AlreadyExists, AlreadyOpen, TimeTaken

TIMES = (NOW + 60 * MINUTE, NOW + 120 * MINUTE, NOW + 180 * MINUTE)


def accepted(number: int, **more: Any) -> Booking:
    suggestion = Suggestion(HOST, TIMES, NOW)
    return plain_booking(
        number, **{"state": State.ACCEPTED, "suggestions": (suggestion,), "guest_ids": (number + 10,), **more}
    )


def news(what: str) -> News:
    return News(f"{what}:1", what, GUEST, NOW)


async def agree(database: Database, seen: Booking, starts: datetime, pins: tuple[Pin, ...] = ()) -> Booking:
    return await database.bookings.move(
        seen, MOVES["agree"], {"starts": starts}, news=news("agreed"), now=NOW, pins=pins
    )


async def test_a_booking_comes_back_as_it_was_kept(database: Database) -> None:
    full = plain_booking(
        state=State.AGREED,
        starts=NOW,
        rate_in_cents=5,
        suggestions=(Suggestion(HOST, TIMES, NOW),),
        pins=(Pin(HOST, 0, "a"), Pin(GUEST, 3, "b")),
        details={"topic": "x"},
        news=(news("agreed"),),
        cancelled_by=7,
    )
    await database.bookings.add(full)
    assert await database.bookings.get(1) == full
    assert from_document(to_document(full)) == full


async def test_a_second_open_request_to_one_host_is_refused_until_the_first_is_answered(
    database: Database,
) -> None:
    first = plain_booking(1)
    await database.bookings.add(first)
    with pytest.raises(AlreadyOpen):
        await database.bookings.add(plain_booking(2))
    await database.bookings.add(plain_booking(3, guest_ids=(HOST,), host_id=GUEST))
    await database.bookings.move(first, MOVES["decline"], {}, news=None, now=NOW)
    await database.bookings.add(plain_booking(4))


async def test_no_host_has_two_bookings_at_one_time(database: Database) -> None:
    one, other, after, elsewhere = accepted(1), accepted(2), accepted(3), accepted(4, host_id=9)
    for each in (one, other, after, elsewhere):
        await database.bookings.add(each)
    await agree(database, one, TIMES[0])
    with pytest.raises(TimeTaken):
        await agree(database, other, TIMES[0] + 15 * MINUTE)
    await agree(database, after, TIMES[0] + 30 * MINUTE)
    await agree(database, elsewhere, TIMES[0])
    still = await database.bookings.get(2)
    assert still is not None
    assert (still.state, still.news) == (State.ACCEPTED, ())


async def test_a_proposed_time_is_held_until_it_is_declined(database: Database) -> None:
    proposed = plain_booking(1, kind=Kind.SESSION, starts=NOW + 60 * MINUTE)
    await database.bookings.add(proposed)
    with pytest.raises(TimeTaken):
        await database.bookings.add(
            plain_booking(2, kind=Kind.SESSION, starts=NOW + 75 * MINUTE, guest_ids=(5,))
        )
    await database.bookings.move(proposed, MOVES["decline"], {}, news=None, now=NOW)
    await database.bookings.add(plain_booking(3, kind=Kind.SESSION, starts=NOW + 75 * MINUTE, guest_ids=(5,)))


@pytest.mark.parametrize(("move", "free"), [("cancel", True), ("miss", True), ("hold", False)])
async def test_a_time_is_free_again_when_the_booking_is_off_but_not_while_it_is_on(
    database: Database, move: str, free: bool
) -> None:
    await database.bookings.add(accepted(1))
    agreed = await agree(database, accepted(1), TIMES[0])
    await database.bookings.move(agreed, MOVES[move], {}, news=None, now=NOW)
    await database.bookings.add(accepted(2))
    if free:
        await agree(database, accepted(2), TIMES[0])
    else:
        with pytest.raises(TimeTaken):
            await agree(database, accepted(2), TIMES[0])


def test_the_minutes_of_two_hosts_never_meet() -> None:
    far = datetime(9000, 12, 31, 23, tzinfo=UTC)
    largest = 2**31 - 1
    assert max(taken(largest, far, 120)) < 2**63
    assert not set(taken(1, far, 120)) & set(taken(2, NOW, 120))
    assert min(taken(2, NOW, 1)) > max(taken(1, far, 120))


async def test_a_move_is_refused_when_the_booking_has_changed_since_it_was_read(database: Database) -> None:
    seen = accepted(1)
    await database.bookings.add(seen)
    suggestion = Suggestion(12, (NOW + 200 * MINUTE, *TIMES[1:]), NOW)
    await database.bookings.move(
        seen, MOVES["suggest"], {}, news=news("new_times"), now=NOW, suggestion=suggestion
    )
    with pytest.raises(Stale):
        await agree(database, seen, TIMES[0])


async def test_of_many_moves_from_one_state_exactly_one_is_made(database: Database) -> None:
    seen = plain_booking(1)
    await database.bookings.add(seen)
    moves = [MOVES[name] for name in ("accept", "decline", "cancel", "lapse")] * 10
    outcomes = await asyncio.gather(
        *(database.bookings.move(seen, move, {}, news=None, now=NOW) for move in moves),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Booking) for each in outcomes) == 1
    assert sum(isinstance(each, Stale) for each in outcomes) == len(moves) - 1


async def test_two_live_pins_are_never_alike_and_pins_go_with_their_booking(database: Database) -> None:
    for number in (1, 2):
        await database.bookings.add(accepted(number))
    first = await agree(database, accepted(1), TIMES[0], (Pin(HOST, 0, "same"),))
    with pytest.raises(AlreadyExists) as clash:
        await agree(database, accepted(2), TIMES[1], (Pin(HOST, 0, "same"),))
    assert clash.value.field == "pins.hash"
    await database.bookings.move(first, MOVES["cancel"], {}, news=None, now=NOW)
    await agree(database, accepted(2), TIMES[1], (Pin(HOST, 0, "same"),))


async def test_pins_and_minutes_of_held_bookings_are_freed_when_they_are_long_over(
    database: Database,
) -> None:
    await database.bookings.add(accepted(1))
    agreed = await agree(database, accepted(1), TIMES[0], (Pin(HOST, 0, "a"),))
    held = await database.bookings.move(agreed, MOVES["hold"], {}, news=None, now=NOW)
    assert held.ends is not None
    assert await database.bookings.release_past(before=held.ends) == 0
    assert await database.bookings.release_past(before=held.ends + MINUTE) == 1
    freed = await database.bookings.get(1)
    assert freed is not None
    assert (freed.pins, freed.starts) == ((), TIMES[0])


async def test_one_of_several_guests_leaves_and_the_last_one_does_not(database: Database) -> None:
    await database.bookings.add(plain_booking(1, kind=Kind.GATHERING, guest_ids=(2, 3)))
    await database.bookings.leave(1, 3, now=NOW + MINUTE)
    await database.bookings.leave(1, 2, now=NOW + MINUTE)
    await database.bookings.leave(1, HOST, now=NOW + MINUTE)
    left = await database.bookings.get(1)
    assert left is not None
    assert left.people_ids == (HOST, 2)
    assert await database.bookings.of_person(3, kind=None, skip=0, limit=10) == (0, [])


async def test_news_stays_until_it_is_told(database: Database) -> None:
    await database.bookings.add(plain_booking(1, news=(News("requested:0", "requested", GUEST, NOW),)))
    assert [each.id for each in await database.bookings.untold(before=NOW + MINUTE)] == [1]
    assert await database.bookings.untold(before=NOW) == []
    await database.bookings.told(1, "requested:0")
    assert await database.bookings.untold(before=NOW + MINUTE) == []


async def test_what_is_stale_has_no_suggested_time_still_to_come(database: Database) -> None:
    await database.bookings.add(plain_booking(1))
    await database.bookings.add(accepted(2))
    states = (State.REQUESTED, State.ACCEPTED)
    for now, found in ((TIMES[1], [1]), (TIMES[2], [1, 2])):
        stale = await database.bookings.stale(states, before=NOW + MINUTE, now=now)
        assert sorted(each.id for each in stale) == found
    assert await database.bookings.stale(states, before=NOW, now=TIMES[2]) == []


async def test_a_persons_list_is_newest_first_and_pages_without_gap_or_repeat(database: Database) -> None:
    for number in range(1, 8):
        state = State.DECLINED
        await database.bookings.add(plain_booking(number, state=state, created=NOW + (number // 3) * MINUTE))
    await database.bookings.add(plain_booking(8, kind=Kind.SESSION, state=State.DECLINED))
    seen = []
    for skip in (0, 3, 6):
        count, page = await database.bookings.of_person(GUEST, kind=Kind.CALL, skip=skip, limit=3)
        assert count == 7
        seen += [each.id for each in page]
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_every_question_is_answered_from_an_index(database: Database) -> None:
    for number in range(1, 4):
        await database.bookings.add(accepted(number, kind=Kind.SESSION, news=(news("accepted"),)))
    collection = database.bookings._collection
    questions: list[tuple[str, dict[str, Any], list[tuple[str, int]]]] = [
        ("of_person", {"people_ids": 1, "kind": "call"}, [("created", -1), ("_id", -1)]),
        ("by_start", {"state": "agreed", "starts": {"$gte": NOW, "$lte": NOW}}, [("starts", 1)]),
        ("by_start", {"state": "requested", "starts": {"$gt": NOW, "$lte": NOW}}, []),
        (
            "stale_by_kind",
            {
                "state": {"$in": ["requested", "accepted"]},
                "kind": {"$in": ["call", "session"]},
                "updated": {"$lt": NOW},
            },
            [],
        ),
        ("logo", {"details.logo": {"$in": ["a.png", "b.png"], "$gt": ""}}, []),
        ("untold", {"news.at": {"$lt": NOW}}, []),
        ("pins", {"pins.hash": {"$gt": ""}, "state": "held", "ends": {"$lt": NOW}}, []),
        ("pins", {"pins.hash": "abc"}, []),
    ]
    for index, question, order in questions:
        cursor = collection.find(question)
        if order:
            cursor = cursor.sort(order)
        plan = str((await cursor.explain())["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in plan, (question, plan)
        assert "'stage': 'SORT'" not in plan, (question, plan)
        assert f"'indexName': '{index}'" in plan, (question, plan)
