"""The notice of passing in contract circles: who may do what, in which order, and who is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from store.database import Database
from tests.circle_makers import App, befriend, invite, invite_token, letters_to, make_app
from tests.clients.circles import SETTING, CirclesClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.makers import make_person
from thserver.domain.bookings import Kind, State
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services

INITIATE = "/death_notice/initiate"
AUTHORISE = "/death_notice/authorise"
DETAILS = "/death_notice/send_funeral_details"
WORDS = {
    "content": "Proin eget tortor risus.",
    "email_receive_condolences": "some.email@example.com",
    "address_receive_flowers": "123 Main Street",
    "ewake_visibility": "public",
}
STRANGER = "You are not a trusted friend of this user"


@dataclass
class Circle:
    """A holder with two trusted friends, a lifelink, somebody on the grey list; and a stranger."""

    services: Services
    holder: App
    ann: App
    bob: App
    link: App
    grey: App
    stranger: App

    def initiation(self, **changes: Any) -> dict[str, Any]:
        return {
            "initiation": {
                "email": self.holder.email,
                "date_of_death": "2026-03-01",
                "confirm_email_address": "ann@example.com",
                "confirm_physical_address": "1 Main Street",
                **changes,
            }
        }

    def authorisation(self, **changes: Any) -> dict[str, Any]:
        return {"authorisation": {"email": self.holder.email, "confirm_email_address": True, **changes}}

    def details(self, **changes: Any) -> dict[str, Any]:
        return {
            "funeral_details": {
                "email": self.holder.email,
                "time": "2026-03-08 11:55:00",
                "location": "123 Main Street",
                "details": "No flowers, please.",
                **changes,
            }
        }

    async def initiate(self) -> None:
        await self.ann.client.post(INITIATE, self.initiation())

    async def authorise(self) -> None:
        await self.initiate()
        await self.bob.client.post(AUTHORISE, self.authorisation())

    async def notice_of(self, app: App, level: str = "trusted_friend") -> Any:
        return (await app.client.following(level))[0]["death_notice"]


@pytest.fixture
def circle(io_loop: IOLoop, api: Api, services: Services) -> Circle:
    async def make() -> Circle:
        holder, ann, bob, link, grey, stranger = [
            await make_app(api, services, f"{name.lower()}@example.com", first_name=name, last_name="Doe")
            for name in ("Holder", "Ann", "Bob", "Link", "Grey", "Stranger")
        ]
        for friend, level in ((ann, "trusted_friend"), (bob, "trusted_friend"), (link, "lifelink")):
            await befriend(services, holder, friend, level)
        await invite(holder, grey.email, "grey_list")
        return Circle(services, holder, ann, bob, link, grey, stranger)

    found: Circle = io_loop.run_sync(make)
    return found


async def subjects(circle: Circle, app: App, *, since: int = 0) -> list[str]:
    return [letter["subject"] for letter in await letters_to(circle.services, app.email)][since:]


async def counts(circle: Circle) -> dict[str, int]:
    everybody = (circle.holder, circle.ann, circle.bob, circle.link, circle.grey, circle.stranger)
    return {app.email: len(await letters_to(circle.services, app.email)) for app in everybody}


async def test_save_and_read_what_is_to_be_said(circle: Circle) -> None:
    me = circle.holder.client
    assert await me.get("/death_notice/info") == {"http_status_code": 200, "death_notice": None}
    answer = await me.post("/death_notice/save", {"death_notice": WORDS})
    assert set(answer) == {"http_status_code", "message"}
    answer = await me.get("/death_notice/info")
    assert answer == {"http_status_code": 200, "death_notice": WORDS}
    assert set(answer["death_notice"]) == SETTING
    short = {"content": "Goodbye", "ewake_visibility": "lifelink_only"}
    await me.post("/death_notice/save", {"death_notice": short})
    assert (await me.get("/death_notice/info"))["death_notice"] == {
        **short,
        "email_receive_condolences": None,
        "address_receive_flowers": None,
    }
    # It is nobody else's business before the time has come.
    assert await circle.notice_of(circle.ann) is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("content", "", "Content can't be blank"),
        ("content", "x" * 2001, "Content is too long (maximum is 2000 characters)"),
        ("ewake_visibility", None, "Ewake visibility can't be blank"),
        ("ewake_visibility", "private", "Ewake visibility is not included in the list"),
        ("email_receive_condolences", "nobody", "Email receive condolences is invalid"),
        ("address_receive_flowers", 5, "Address receive flowers is invalid"),
    ],
)
async def test_a_wrong_word_is_named(circle: Circle, field: str, value: Any, message: str) -> None:
    body = {"death_notice": {**WORDS, field: value}}
    assert await circle.holder.client.refused("/death_notice/save", body) == {field: [message]}
    assert (await circle.holder.client.get("/death_notice/info"))["death_notice"] is None


async def test_the_whole_way_as_trusted_friends_and_lifelinks_see_it(
    circle: Circle, clock: FakeClock
) -> None:
    await circle.holder.client.post("/death_notice/save", {"death_notice": WORDS})
    answer = await circle.ann.client.post(INITIATE, circle.initiation())
    assert set(answer) == {"http_status_code", "message"}
    for app in (circle.ann, circle.bob):
        notice = await circle.notice_of(app)
        assert (notice["status"], notice["date_of_death"]) == ("initiated", "2026-03-01")
        assert notice["initiated_at"] == "2026-03-02T15:00:00.000Z"
        assert notice["initiator"]["id"] == circle.ann.id
    assert await circle.notice_of(circle.link, "lifelink") is None
    clock.advance(hours=1)
    await circle.bob.client.post(AUTHORISE, circle.authorisation())
    for app, level in ((circle.ann, "trusted_friend"), (circle.link, "lifelink")):
        notice = await circle.notice_of(app, level)
        assert (notice["status"], notice["setting"], notice["funeral"]) == ("authorised", WORDS, None)
        assert notice["authorised_at"] == "2026-03-02T16:00:00.000Z"
        assert notice["authoriser"]["full_name"] == "Bob Doe"
    await circle.ann.client.post(DETAILS, circle.details())
    notice = await circle.notice_of(circle.link, "lifelink")
    assert notice["funeral"] == {
        "location": "123 Main Street",
        "time": "2026-03-08T11:55:00.000Z",
        "details": "No flowers, please.",
        "sent_at": "2026-03-02T16:00:00.000Z",
    }
    for app in (circle.grey, circle.stranger):
        for level in ("trusted_friend", "lifelink"):
            assert await app.client.following(level) == []


async def test_who_has_not_accepted_sees_and_does_nothing(circle: Circle) -> None:
    for app, level in ((circle.stranger, "trusted_friend"),):
        await invite(circle.holder, app.email, level)
    await circle.authorise()
    row = (await circle.stranger.client.following())[0]
    assert (row["status"], row["death_notice"]) == ("pending", None)
    answer = await circle.stranger.client.post(DETAILS, circle.details(), expect=400, code="BAD_REQUEST")
    assert answer["message"] == STRANGER


@pytest.mark.parametrize("path", [INITIATE, AUTHORISE, DETAILS])
@pytest.mark.parametrize("who", ["stranger", "grey", "link", "holder"])
async def test_a_stranger_gets_the_same_answer_whether_there_is_such_a_holder_or_not(
    circle: Circle, path: str, who: str
) -> None:
    app: App = getattr(circle, who)
    make = {INITIATE: circle.initiation, AUTHORISE: circle.authorisation, DETAILS: circle.details}[path]
    answers = []
    for stage in ("open", "initiated", "authorised"):
        if stage == "initiated":
            await circle.initiate()
        elif stage == "authorised":
            await circle.bob.client.post(AUTHORISE, circle.authorisation())
        for email in (circle.holder.email, "nobody@example.com"):
            answers.append(await app.client.post(path, make(email=email), expect=400))
    assert {answer["message"] for answer in answers} == {STRANGER}
    assert all(answer["error"] == {"code": "BAD_REQUEST"} for answer in answers)


async def test_a_holder_needs_two_trusted_friends(circle: Circle) -> None:
    await circle.bob.client.post("/friendship/unfollow", {"user": {"email": circle.holder.email}})
    answer = await circle.ann.client.post(INITIATE, circle.initiation(), expect=400, code="BAD_REQUEST")
    assert answer["message"] == "This user has fewer than two trusted friends"


async def test_every_step_is_refused_out_of_turn(circle: Circle) -> None:
    ann, bob = circle.ann.client, circle.bob.client

    async def refused(client: Any, path: str, body: Any) -> str:
        answer = await client.post(path, body, expect=400, code="BAD_REQUEST")
        return str(answer["message"])

    assert "not initiated" in await refused(bob, AUTHORISE, circle.authorisation())
    assert "not authorised" in await refused(bob, DETAILS, circle.details())
    await circle.initiate()
    for client in (ann, bob):
        assert "already initiated" in await refused(client, INITIATE, circle.initiation())
    assert "another trusted friend" in await refused(ann, AUTHORISE, circle.authorisation())
    assert "not authorised" in await refused(bob, DETAILS, circle.details())
    await bob.post(AUTHORISE, circle.authorisation())
    for client in (ann, bob):
        assert "already authorised" in await refused(client, AUTHORISE, circle.authorisation())
        assert "already authorised" in await refused(client, INITIATE, circle.initiation())
    await ann.post(DETAILS, circle.details())
    for client in (ann, bob):
        assert "already sent" in await refused(client, DETAILS, circle.details())
    body = {"death_notice": WORDS}
    assert "already authorised" in await refused(circle.holder.client, "/death_notice/save", body)


@pytest.mark.parametrize(
    ("path", "changes", "field", "message"),
    [
        (INITIATE, {"date_of_death": "2026-02-30"}, "date_of_death", "Date of death is not a date"),
        (INITIATE, {"date_of_death": "yesterday"}, "date_of_death", "Date of death is not a date"),
        (INITIATE, {"date_of_death": None}, "date_of_death", "Date of death can't be blank"),
        (INITIATE, {"date_of_death": "2026-03-04"}, "date_of_death", "Date of death can't be in the future"),
        (INITIATE, {"email": ""}, "email", "Email can't be blank"),
        (INITIATE, {"confirm_email_address": ["x"]}, "confirm_email_address", "Confirm email address is invalid"),
        (AUTHORISE, {"email": None}, "email", "Email can't be blank"),
        (DETAILS, {"time": "2026-03-01 11:55:00"}, "time", "Time must be in the future"),
        (DETAILS, {"time": "2026-03-08T11:55:00Z"}, "time", "Time is not a date"),
        (DETAILS, {"time": "2026-02-30 11:55:00"}, "time", "Time is not a date"),
        (DETAILS, {"time": ""}, "time", "Time can't be blank"),
        (DETAILS, {"location": "x" * 501}, "location", "Location is too long (maximum is 500 characters)"),
        (DETAILS, {"location": ""}, "location", "Location can't be blank"),
        (DETAILS, {"details": "x" * 10_001}, "details", "Details is too long (maximum is 10000 characters)"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named_and_changes_nothing(
    circle: Circle, database: Database, path: str, changes: dict[str, Any], field: str, message: str
) -> None:
    make = {INITIATE: circle.initiation, AUTHORISE: circle.authorisation, DETAILS: circle.details}[path]
    await circle.authorise()
    if path == INITIATE:
        await database.death_notices.remove(circle.holder.id)
    await circle.services.background.idle()
    before = await database.death_notices.get(circle.holder.id)
    assert await circle.bob.client.refused(path, make(**changes)) == {field: [message]}
    assert await database.death_notices.get(circle.holder.id) == before


async def test_of_many_at_once_one_takes_each_step(circle: Circle, database: Database) -> None:
    third = await make_app(circle.holder.client.api, circle.services)
    await befriend(circle.services, circle.holder, third)
    friends = [circle.ann.client, circle.bob.client, third.client] * 3

    async def all_at_once(path: str, body: Any) -> int:
        answers = await asyncio.gather(*(client.post(path, body, expect=None) for client in friends))
        return sum(answer["http_status_code"] == 200 for answer in answers)

    assert await all_at_once(INITIATE, circle.initiation()) == 1
    assert await all_at_once(AUTHORISE, circle.authorisation()) == 1
    assert await all_at_once(DETAILS, circle.details()) == 1
    await circle.services.background.idle()
    assert await database.bookings._collection.count_documents({"kind": "memorial"}) == 1
    kept = await database.death_notices._collection.find_one({"_id": circle.holder.id})
    assert kept is not None
    assert [step["step"] for step in kept["steps"]] == ["initiated", "authorised", "funeral"]
    assert kept["untold"] == []


async def test_each_step_is_recorded_with_its_time_and_person(
    circle: Circle, database: Database, clock: FakeClock
) -> None:
    await circle.initiate()
    clock.advance(hours=2)
    await circle.bob.client.post(AUTHORISE, circle.authorisation())
    kept = await database.death_notices._collection.find_one({"_id": circle.holder.id})
    assert kept is not None
    first, second = kept["steps"]
    assert (first["step"], first["by"], first["at"].hour) == ("initiated", circle.ann.id, 15)
    assert first["given"] == {
        "confirm_email_address": "ann@example.com",
        "confirm_physical_address": "1 Main Street",
    }
    assert (second["step"], second["by"], second["at"].hour) == ("authorised", circle.bob.id, 17)


async def test_who_is_told_of_what(circle: Circle) -> None:
    before = await counts(circle)

    async def told() -> dict[str, list[str]]:
        found = {
            app.email.partition("@")[0]: await subjects(circle, app, since=before[app.email])
            for app in (circle.holder, circle.ann, circle.bob, circle.link, circle.grey, circle.stranger)
        }
        before.update(await counts(circle))
        return {name: said for name, said in found.items() if said}

    await circle.holder.client.post("/death_notice/save", {"death_notice": WORDS})
    assert await told() == {}
    await circle.initiate()
    assert await told() == {
        "holder": ["Somebody has told us that you have died"],
        "bob": ["Has Holder Doe died?"],
    }
    await circle.bob.client.post(AUTHORISE, circle.authorisation())
    assert await told() == {
        "holder": ["The notice of your passing is confirmed"],
        "ann": ["Holder Doe has died"],
        "link": ["Holder Doe has died"],
    }
    text = (await letters_to(circle.services, circle.link.email))[-1]["text"]
    for said in (*(WORDS[name] for name in ("content", "address_receive_flowers")), "2026-03-01"):
        assert said in text
    await circle.ann.client.post(DETAILS, circle.details())
    assert await told() == {
        "holder": ["Funeral details were sent to your circle"],
        "ann": ["The funeral of Holder Doe"],
        "bob": ["The funeral of Holder Doe"],
        "link": ["The funeral of Holder Doe"],
    }


async def test_the_holder_is_texted_too_and_his_sign_in_anywhere_cancels(
    api: Api, services: Services, carrier: SimulatedCarrier
) -> None:
    person = await make_person(services, first_name="Cam", phone="+12025550111", email="cam@example.com")
    hero = HeroesClient(api)
    await hero.log_in("cam@example.com", "password1")
    holder = App(CirclesClient(api, hero.token), "cam@example.com", person.id)
    ann, bob = [await make_app(api, services, first_name=name) for name in ("Ann", "Bob")]
    for friend in (ann, bob):
        await befriend(services, holder, friend)
    circle = Circle(services, holder, ann, bob, ann, ann, ann)
    before = len(carrier.texts_to("+12025550111"))
    await circle.initiate()
    await services.background.idle()
    texts = carrier.texts_to("+12025550111")[before:]
    assert len(texts) == 1
    assert "Ann" in texts[0]["body"]
    assert "sign in" in texts[0]["body"]
    assert (await circle.notice_of(bob))["status"] == "initiated"
    # By the door of another contract.
    await HeroesClient(api).log_in("cam@example.com", "password1")
    assert await circle.notice_of(bob) is None
    await services.background.idle()
    assert "cancelled" in carrier.texts_to("+12025550111")[-1]["body"]
    for friend in (ann, bob):
        assert "does not stand" in (await letters_to(services, friend.email))[-1]["subject"]
    await bob.client.post(AUTHORISE, circle.authorisation(), expect=400, code="BAD_REQUEST")
    # It can be begun anew; once authorised, no sign-in undoes it.
    await bob.client.post(INITIATE, circle.initiation())
    await ann.client.post(AUTHORISE, circle.authorisation())
    await HeroesClient(api).log_in("cam@example.com", "password1")
    assert (await circle.notice_of(bob))["status"] == "authorised"


async def test_a_notice_goes_with_the_friend_who_began_it(circle: Circle) -> None:
    third = await make_app(circle.holder.client.api, circle.services)
    await befriend(circle.services, circle.holder, third)
    await circle.initiate()
    await circle.holder.client.post("/friendship/remove_follower", {"user": {"email": circle.ann.email}})
    assert await circle.notice_of(circle.bob) is None
    await circle.bob.client.post(INITIATE, circle.initiation())
    await circle.bob.client.post("/friendship/unfollow", {"user": {"email": circle.holder.email}})
    assert await circle.notice_of(third) is None


async def test_a_notice_goes_with_the_account_of_the_friend_who_began_it(circle: Circle) -> None:
    await circle.initiate()
    await circle.ann.client.post("/profile/close_account", {"password": "secret"})
    await circle.services.background.idle()
    assert await circle.notice_of(circle.bob) is None


async def test_a_grey_line_outweighs_every_other(circle: Circle, database: Database) -> None:
    """The same person, named as lifelink under an old address and put on the grey list under his new one."""
    await circle.authorise()
    await database.people.change(circle.link.id, {"email": "new@example.com"})
    await invite(circle.holder, "new@example.com", "grey_list")
    assert await circle.link.client.following("lifelink") == []
    members = await circle.services.circles.circle(circle.holder.id)
    assert [member.address for member in members] == [circle.ann.email, circle.bob.email]


async def test_notifications_of_the_gathering_say_in_whose_memory_it_is(circle: Circle, api: Api) -> None:
    await circle.authorise()
    await circle.ann.client.post(DETAILS, circle.details())
    await circle.services.background.idle()
    headers = {"Authorization": f"Bearer {circle.link.client.token}"}
    answer = await api("GET", "/api/notifications/", headers=headers)
    said = "Your gathering in memory of Holder Doe has been confirmed."
    assert [each["content"] for each in answer.body] == [said]


async def test_the_gathering_is_a_booking_in_the_room_of_who_authorised(
    circle: Circle, database: Database
) -> None:
    outsider = "phone.only@example.com"
    await invite(circle.holder, outsider, "lifelink", first_name="Zoe")
    token = await invite_token(circle.services, outsider)
    await circle.stranger.client.post("/friendship/accept_invitation", {"invite_token": token})
    await circle.authorise()
    await circle.ann.client.post(DETAILS, circle.details())
    await circle.services.background.idle()
    found = await database.bookings._collection.find_one({"kind": "memorial"})
    assert found is not None
    booking = await database.bookings.get(found["_id"])
    assert booking is not None
    assert (booking.kind, booking.state, booking.rate_in_cents) == (Kind.MEMORIAL, State.AGREED, 0)
    assert booking.room == "bob-doe"
    assert booking.host_id == circle.bob.id
    people = await database.people.many(booking.people_ids)
    assert {person.first_name for person in people.values()} == {"Ann", "Bob", "Link", "Zoe"}
    assert len(booking.pins) == 4
    # Somebody without an account has a PIN, and nothing that could be signed in to.
    guest = next(person for person in people.values() if person.first_name == "Zoe")
    assert (guest.email, guest.password_hash, guest.guest_email) == (None, None, outsider)
    pins = set()
    for address in (circle.ann.email, circle.bob.email, circle.link.email, outsider):
        text = (await letters_to(circle.services, address))[-1]["text"]
        assert "+1 202-555-0100" in text
        pins.add(text.split("asked for it: ")[1][:6])
    assert len(pins) == 4
    # He may register with his address all the same.
    app = await make_app(circle.holder.client.api, circle.services, outsider)
    assert (await circle.notice_of(app, "lifelink"))["funeral"]["location"] == "123 Main Street"


async def test_everybody_is_reminded_by_mail_and_by_text_where_there_is_a_phone(
    circle: Circle, database: Database, clock: FakeClock, carrier: SimulatedCarrier
) -> None:
    await database.people.change(circle.link.id, {"phone": "+12025550122"})
    await circle.authorise()
    await circle.ann.client.post(DETAILS, circle.details())
    await circle.services.background.idle()
    before = await counts(circle)
    clock.set(clock.now().replace(day=8, hour=11, minute=41))
    await circle.services.reminders.send_due()
    await circle.services.reminders.send_due()
    for app in (circle.ann, circle.bob, circle.link):
        said = await subjects(circle, app, since=before[app.email])
        assert len(said) == 1, said
        assert "the circle of Holder Doe" in said[0]
    for app in (circle.holder, circle.grey, circle.stranger):
        assert await subjects(circle, app, since=before[app.email]) == []
    texts = carrier.texts_to("+12025550122")
    assert len(texts) == 1
    assert "the circle of Holder Doe" in texts[0]["body"]


async def test_a_time_at_which_the_host_is_taken_announces_nothing(
    circle: Circle, database: Database
) -> None:
    await circle.authorise()
    host = await database.people.get(circle.bob.id)
    assert host is not None
    await circle.services.bookings.propose(
        Kind.MEETING,
        host=host,
        guest_ids=[circle.stranger.id],
        by=circle.bob.id,
        starts=circle.services.clock.now().replace(day=8, hour=12, minute=0),
        minutes=30,
        firm=True,
    )
    await circle.ann.client.post(DETAILS, circle.details(), expect=400, code="BAD_REQUEST")
    assert (await circle.notice_of(circle.bob))["funeral"] is None
    await circle.ann.client.post(DETAILS, circle.details(time="2026-03-09 11:55:00"))
    assert (await circle.notice_of(circle.bob))["funeral"]["time"] == "2026-03-09T11:55:00.000Z"


async def test_closing_the_host_s_account_cancels_the_gathering_and_tells_the_others(
    circle: Circle,
) -> None:
    await circle.authorise()
    await circle.ann.client.post(DETAILS, circle.details())
    await circle.bob.client.post("/profile/close_account", {"password": "secret"})
    await circle.services.background.idle()
    for app in (circle.ann, circle.link):
        assert "cancelled" in (await letters_to(circle.services, app.email))[-1]["subject"]
