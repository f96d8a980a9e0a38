"""What a process that died has left of invitations and notices is found and said, once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from scheduler.runner import Runner
from store.database import Database
from tests.fakes.clock import FakeClock
from tests.makers import make_person
from thserver.domain import circles as rules
from thserver.domain.circles import Entry, Level, Names, Standing
from thserver.domain.death_notices import STEPS, Funeral, NoticeState, Step
from thserver.domain.people import Person
from thserver.services.all import Services


def an_entry(email: str, level: Level = Level.TRUSTED_FRIEND) -> Entry:
    return Entry(email=email, names=Names(first_name="Some", last_name="One"), level=level)


async def befriend(
    services: Services, holder: Person, friend: Person, level: Level = Level.TRUSTED_FRIEND
) -> None:
    assert friend.email is not None
    shown = await services.invitations.add_one(holder, an_entry(friend.email, level))
    token = rules.invite_token(services.circles._secret_key, shown.friendship.id, 1)
    await services.invitations.accept(token, friend)


async def letters(services: Services, address: str | None) -> list[dict[str, Any]]:
    await services.background.idle()
    return list(services.practice.mail.letters_to(address or ""))


async def test_a_mail_that_a_process_owed_is_written_once(
    services: Services, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await make_person(services)
    with monkeypatch.context() as died:
        died.setattr(services.background, "soon", lambda name, work: None)
        await services.invitations.add_many(holder, [an_entry("a@example.com"), an_entry("b@example.com")])
    assert await letters(services, "a@example.com") == []
    runner = Runner(services)
    await runner.run("tell-circles")
    assert await letters(services, "a@example.com") == []
    clock.advance(seconds=31)
    for _ in range(2):
        await runner.run("tell-circles")
    for address in ("a@example.com", "b@example.com"):
        assert len(await letters(services, address)) == 1


async def test_a_step_that_a_process_owed_is_told_once(
    services: Services, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder, ann, bob = [await make_person(services) for _ in range(3)]
    for friend in (ann, bob):
        await befriend(services, holder, friend)
    await services.background.idle()
    before = {person.id: len(await letters(services, person.email)) for person in (holder, ann, bob)}
    with monkeypatch.context() as died:
        died.setattr(services.background, "soon", lambda name, work: None)
        await services.death_notices.initiate(
            ann, email=holder.email or "", date_of_death=date(2026, 3, 1), given={}
        )
    clock.advance(seconds=31)
    runner = Runner(services)
    for _ in range(2):
        await runner.run("tell-circles")
    after = {person.id: len(await letters(services, person.email)) for person in (holder, ann, bob)}
    assert {id_: after[id_] - before[id_] for id_ in after} == {holder.id: 1, ann.id: 0, bob.id: 1}


async def test_a_gathering_that_a_process_owed_is_made_once(
    services: Services, database: Database, clock: FakeClock
) -> None:
    holder, ann, bob = [await make_person(services) for _ in range(3)]
    for friend in (ann, bob):
        await befriend(services, holder, friend)
    notices = services.death_notices
    await notices.initiate(ann, email=holder.email or "", date_of_death=date(2026, 3, 1), given={})
    await notices.authorise(bob, email=holder.email or "", given={})
    await services.background.idle()
    # The process dies between the step and the booking.
    seen = await database.death_notices.get(holder.id)
    funeral = Funeral(
        time=datetime(2026, 3, 8, 12, tzinfo=UTC),
        location="here",
        details=None,
        sent_at=clock.now(),
        by=ann.id,
        booking_id=await database.numbers.next("bookings"),
    )
    await database.death_notices.take(seen, Step.FUNERAL, by=ann.id, now=clock.now(), funeral=funeral)
    clock.advance(seconds=31)
    runner = Runner(services)
    for _ in range(2):
        await runner.run("tell-circles")
    booking = await database.bookings.get(funeral.booking_id)
    assert booking is not None
    assert set(booking.people_ids) == {ann.id, bob.id}
    assert await database.bookings._collection.count_documents({"kind": "memorial"}) == 1
    for friend in (ann, bob):
        said = [each["subject"] for each in await letters(services, friend.email)]
        assert sum("funeral" in subject for subject in said) == 1


async def test_no_token_stands_in_the_database(services: Services, database: Database) -> None:
    holder = await make_person(services)
    shown = await services.invitations.add_one(holder, an_entry("a@example.com"))
    token = rules.invite_token(services.circles._secret_key, shown.friendship.id, 1)
    (letter,) = await letters(services, "a@example.com")
    assert token in letter["text"]
    for name in ("friendships", "outbox"):
        async for document in database._database[name].find():
            assert token not in repr(document)


async def test_every_question_about_friendships_has_an_index(services: Services, database: Database) -> None:
    collection = database.friendships._collection
    for query in (
        {"holder_id": 1, "email": "a@example.com"},
        {"holder_id": 1},
        {"token_hash": "x"},
        {"person_id": 1},
        {"$or": [{"person_id": 1}, {"email": "a@example.com", "person_id": None}]},
        {"mail_due": {"$lte": datetime(2026, 3, 1, tzinfo=UTC)}},
    ):
        plan = await collection.find(query).explain()
        assert "COLLSCAN" not in repr(plan["queryPlanner"]["winningPlan"]), query


def test_the_table_gives_nothing_to_nobody() -> None:
    assert rules.RIGHTS[Standing.NOBODY] == rules.Rights()
    assert set(rules.RIGHTS) == set(Standing)
    assert set(STEPS) == set(Step)
    # Only trusted friends do anything but cancel; lifelinks see nothing before it stands.
    for standing in (Standing.HOLDER, Standing.LIFELINK):
        assert rules.RIGHTS[standing].does <= {Step.CANCELLED}
    assert rules.RIGHTS[Standing.LIFELINK].sees == {NoticeState.AUTHORISED}


async def test_members_of_a_circle_are_each_there_once(services: Services) -> None:
    holder, ann = [await make_person(services) for _ in range(2)]
    await befriend(services, holder, ann, Level.LIFELINK)
    shown = await services.invitations.add_one(holder, an_entry("other@example.com", Level.LIFELINK))
    token = rules.invite_token(services.circles._secret_key, shown.friendship.id, 1)
    await services.invitations.accept(token, None)
    members = await services.circles.circle(holder.id)
    assert [(member.address, member.standing) for member in members] == [
        (ann.email, Standing.LIFELINK),
        ("other@example.com", Standing.LIFELINK),
    ]
