"""The calendar feed: a secret address with everything that was agreed to, for as long as its person wants."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import icalendar
import pytest

from tests.booking_makers import World, accept_call, agree_on_call, make_caller, make_host
from tests.calendars import CalendarProgram
from tests.clients.http import Answer, Api
from tests.fakes.clock import FakeClock
from tests.makers import make_person, token_of
from tests.pictures import picture
from thserver.domain.bookings import Kind
from thserver.domain.people import Person

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass
class Reader:
    """Somebody with a feed, signed in, and his calendar program."""

    api: Api
    person: Person
    token: str
    path: str = ""

    async def own(self, method: str) -> Answer:
        return await self.api(method, "/calendar/feed/", token=f"Token {self.token}")

    async def make(self) -> str:
        answer = await self.own("POST")
        assert answer.status == 201
        url: str = answer.body["url"]
        assert url.startswith(self.api.base_url + "/calendar/")
        self.path = url.removeprefix(self.api.base_url)
        return self.path

    async def get(self, path: str | None = None, **headers: str) -> Answer:
        """As a calendar program: without signing in."""
        return await self.api(
            "GET", path or self.path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    async def events(self) -> list[Any]:
        answer = await self.get()
        assert answer.status == 200
        read = icalendar.Calendar.from_ical(answer.raw)
        assert "method" not in read
        return list(read.events)


@pytest.fixture
def reader(world: World, api: Api, io_loop: object) -> Reader:
    async def make() -> Reader:
        person = await make_caller(world)
        made = Reader(api, person, await token_of(world.services, person))
        await made.make()
        return made

    return io_loop.run_sync(make)  # type: ignore[attr-defined]


async def test_it_shows_what_is_agreed_and_what_was_cancelled_and_never_a_pin(
    world: World, reader: Reader, clock: FakeClock
) -> None:
    assert await reader.events() == []
    _, hero = await make_host(world)
    booking = await agree_on_call(world, reader.person, hero)
    _, another = await make_host(world)
    await accept_call(world, reader.person, another)
    (event,) = await reader.events()
    assert (event["summary"], event["status"]) == ("Call with Tom Brady", "CONFIRMED")
    assert (event.start, event.end) == (booking.starts, booking.ends)
    assert event["location"] == "tel:+12025550100"
    # It is the entry that the letter put there.
    await world.services.background.idle()
    program = CalendarProgram()
    program.take_all(world.services.practice.mail.letters_to(reader.person.email))
    assert list(program.events) == [event["uid"]]

    await world.services.bookings.cancel(booking, reader.person.id)
    (cancelled,) = await reader.events()
    assert (cancelled["uid"], cancelled["status"]) == (event["uid"], "CANCELLED")
    assert cancelled["sequence"] > event["sequence"]
    clock.advance(days=31)
    assert await reader.events() == []


async def test_it_reaches_from_thirty_days_back_to_a_year_ahead(
    world: World, reader: Reader, clock: FakeClock
) -> None:
    host, _ = await make_host(world)
    for days in (1, 60, 300, 420):
        await world.services.bookings.propose(
            Kind.SESSION,
            host=host,
            guest_ids=[reader.person.id],
            by=host.id,
            starts=clock.now() + days * DAY,
            minutes=30,
            firm=True,
        )
    assert len(await reader.events()) == 3
    clock.advance(days=32)
    assert len(await reader.events()) == 2
    clock.advance(days=30)
    assert len(await reader.events()) == 3


async def test_it_is_told_unchanged_when_nothing_has_happened(
    world: World, reader: Reader, clock: FakeClock
) -> None:
    _, hero = await make_host(world)
    booking = await agree_on_call(world, reader.person, hero)
    first = await reader.get()
    assert first.headers["Content-Type"] == "text/calendar; charset=UTF-8"
    assert first.headers["Cache-Control"].startswith("private")
    clock.advance(minutes=3)
    same = await reader.get(If_None_Match=f'"other", W/{first.headers["Etag"]}')
    assert (same.status, same.raw) == (304, b"")
    assert same.headers["Etag"] == first.headers["Etag"]
    assert (await reader.get()).raw == first.raw
    await world.services.bookings.cancel(booking, reader.person.id)
    assert (await reader.get(If_None_Match=first.headers["Etag"])).status == 200


async def test_a_new_one_ends_the_old_one_and_revoking_ends_it(
    world: World, reader: Reader, clock: FakeClock
) -> None:
    old = reader.path
    clock.advance(hours=1)
    await reader.make()
    assert (await reader.own("GET")).body == {"exists": True, "since": "2026-03-02T16:00:00.000000Z"}
    assert (await reader.get(old)).status == 404
    assert (await reader.get()).status == 200
    assert (await reader.own("DELETE")).status == 204
    assert (await reader.own("DELETE")).status == 204
    gone = await reader.get()
    assert (gone.status, gone.body) == (404, {"detail": "Not found."})
    assert (await reader.own("GET")).body == {"exists": False, "since": None}
    for method in ("GET", "POST", "DELETE"):
        answer = await reader.api(method, "/calendar/feed/")
        assert (answer.status, list(answer.body)) == (401, ["detail"])


async def test_who_is_signed_in_by_any_contract_may_have_one(world: World, reader: Reader) -> None:
    for scheme, contract in (("Bearer", "experts"), ("Token", "gatherings"), ("Token", "mentors")):
        token = await token_of(world.services, reader.person, contract)
        answer = await reader.api("GET", "/calendar/feed/", token=f"{scheme} {token}")
        assert answer.body["exists"] is True
    token = await token_of(world.services, reader.person, "circles")
    answer = await reader.api("GET", "/calendar/feed/", headers={"X-Access-Token": token})
    assert answer.body["exists"] is True


async def test_whoever_closes_his_account_has_none(world: World, reader: Reader) -> None:
    await world.services.closing.close(reader.person)
    assert (await reader.get()).status == 404
    assert await world.database.calendar_feeds.of(reader.person.id) is None


async def test_its_address_is_nowhere_but_with_its_person(
    world: World, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    token = reader.path.removeprefix("/calendar/").removesuffix(".ics")
    kept = await world.database.calendar_feeds._collection.find_one({})
    assert token not in repr(kept)
    with caplog.at_level(logging.DEBUG):
        await reader.get()
        await reader.own("DELETE")
        await reader.get()
        await reader.get(f"//calendar/{token}.ics")
        await reader.get(f"/calendar/{token}")
    assert "/calendar/…" in caplog.text
    assert "/calendar/feed/" in caplog.text
    assert token not in caplog.text


async def test_reading_too_often_and_guessing_are_limited_each_by_itself(
    world: World, reader: Reader
) -> None:
    for _ in range(60):
        assert (await reader.get(f"/calendar/{'0' * 40}.ics")).status == 404
    refused = await reader.get(f"/calendar/{'0' * 40}.ics")
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0
    for _ in range(30):
        assert (await reader.get()).status == 200
    assert (await reader.get()).status == 429


async def test_one_question_to_an_index_finds_what_is_in_it(
    world: World, reader: Reader, clock: FakeClock
) -> None:
    collection = world.database.bookings._collection
    profile = []

    class Watched:
        """Remembers how it was asked."""

        def find(self, query: dict[str, object]) -> object:
            profile.append(query)
            return collection.find(query)

    _, hero = await make_host(world)
    await agree_on_call(world, reader.person, hero)
    world.database.bookings._collection = Watched()  # type: ignore[assignment]
    assert len(await reader.events()) == 1
    (query,) = profile
    plan = await collection.find(query).sort("ends").explain()
    stages = repr(plan["queryPlanner"]["winningPlan"])
    assert "of_person_by_end" in stages
    assert "'SORT'" not in stages


async def test_the_king_sets_another_time_and_only_he(world: World, reader: Reader, clock: FakeClock) -> None:
    king = await make_person(world.services, first_name="Ann", last_name="Lee")
    gathering = await world.services.gatherings.create(
        king,
        title="Board games",
        description=None,
        picture=await world.services.media.prepare(picture(), field="logo"),
        user_ids=[reader.person.id],
        starts=clock.now() + HOUR,
    )
    path = f"/api/meetings/{gathering.id}/"
    kings, mine = [
        f"Token {await token_of(world.services, person, 'gatherings')}" for person in (king, reader.person)
    ]
    later = (clock.now() + 2 * HOUR).isoformat()
    assert (await reader.api("PATCH", path, {"time": later}, token=mine)).status == 403
    assert (await reader.api("PATCH", path, {"time": clock.now().isoformat()}, token=kings)).status == 400
    moved = await reader.api("PATCH", path, {"time": later}, token=kings)
    assert (moved.status, moved.body["time"]) == (200, "2026-03-02T17:00:00.000000Z")
    (event,) = await reader.events()
    assert (event.start, event["summary"]) == (clock.now() + 2 * HOUR, "Board games with Ann Lee")
    await world.services.background.idle()
    texts = world.services.practice.carrier.texts_to(reader.person.phone)
    assert texts[-1]["body"].startswith('Ann Lee has set "Board games" to 11:00 AM CST (Mon Mar 2). Dial ')
    clock.advance(hours=3)
    assert (await reader.api("PATCH", path, {"time": "2027-01-01T00:00:00Z"}, token=kings)).status == 400
