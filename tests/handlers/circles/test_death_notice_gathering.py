"""The gathering in somebody's memory: a booking in the room of who authorised it, with reminders for everybody."""

from __future__ import annotations

from store.database import Database
from tests.circle_makers import invite, invite_token, letters_to, make_app
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.circles.death_notice_makers import DETAILS, Circle, counts, subjects
from thserver.domain.bookings import Kind, State
from thserver.gateways.simulated_carrier import SimulatedCarrier


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
