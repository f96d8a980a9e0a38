"""Somebody names those he trusts; two of them confirm his death; the circle is told and comes together by phone."""

from __future__ import annotations

from datetime import timedelta

from scheduler.runner import Runner
from store.database import Database
from tests.calendars import CalendarProgram
from tests.circle_makers import App, entry, invite, invite_token, letters_to, register_app
from tests.clients.circles import CirclesClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import State
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services

JOHN, ANN, BOB, ZOE, EVE = (f"{name}@example.com" for name in ("john.doe", "ann", "bob", "zoe", "eve"))
BOBS_PHONE, A_NEIGHBOURS_PHONE = "+12025550171", "+12025550199"
FUNERAL = {
    "email": JOHN,
    "time": "2026-03-08 11:55:00",
    "location": "123 Main Street",
    "details": "Bring a song.",
}


async def prove_phone(api: Api, app: App, phone: str, carrier: SimulatedCarrier) -> None:
    """Through another contract, since this one has no phones: an account is one, whichever door it uses."""
    client = HeroesClient(api, app.client.token)
    await client("PATCH", "/accounts/profile", {"phone": phone})
    code = carrier.texts_to(phone)[-1]["body"].rpartition("#")[2]
    await client("POST", "/accounts/verify-phone", {"token": code})


async def test_a_circle_is_told_and_comes_together_by_phone(
    api: Api, services: Services, database: Database, clock: FakeClock, carrier: SimulatedCarrier
) -> None:
    runner = Runner(services)

    async def sweep() -> None:
        for job in ("tell-circles", "send-reminders", "deliver-outbox"):
            await runner.run(job)
        await services.background.idle()

    # John registers, writes what is to be said one day, and names four people.
    john = await register_app(api, services, JOHN, first_name="John", last_name="Doe")
    await john.client.post(
        "/death_notice/save",
        {"death_notice": {"content": "It was good to be here.", "ewake_visibility": "lifelink_only"}},
    )
    eve = await register_app(api, services, EVE, first_name="Eve", last_name="Black")
    heard_by_eve = len(await letters_to(services, EVE))
    answer = await john.client.post(
        "/friendship/add_many",
        {
            "users": [
                entry(ANN, first_name="Ann"),
                entry(BOB, first_name="Bob"),
                entry(ZOE, "lifelink", first_name="Zoe"),
            ]
        },
    )
    assert len(answer["success_invitations"]) == 3
    await invite(john, EVE, "grey_list", first_name="Eve")
    await sweep()

    # Two accept: Ann registers from the mail and is signed in at once, Bob finds the invitation in his list.
    ann = CirclesClient(api)
    token = await invite_token(services, ANN)
    await ann.register(email=ANN, first_name="Ann", last_name="Lee", invite_token=token)
    await ann.post("/friendship/accept_invitation", {"invite_token": token})
    bob = await register_app(api, services, BOB, first_name="Bob", last_name="Ray")
    (row,) = await bob.client.following()
    assert row["account_holder"]["full_name"] == "John Doe"
    await bob.client.post("/friendship/accept_invitation", {"invite_token": row["invite_token"]})
    assert {each["email"]: each["status"] for each in await john.client.followers()} == {
        ANN: "accepted",
        BOB: "accepted",
        ZOE: "pending",
        EVE: "accepted",
    }
    await prove_phone(api, bob, BOBS_PHONE, carrier)
    await bob.client.log_in(BOB)

    # Ann says that John has died; only Bob can confirm it.
    clock.advance(days=1)
    initiation = {"initiation": {"email": JOHN, "date_of_death": "2026-03-03"}}
    authorisation = {"authorisation": {"email": JOHN}}
    await ann.post("/death_notice/initiate", initiation)
    await ann.post("/death_notice/authorise", authorisation, expect=400, code="BAD_REQUEST")
    await eve.client.post("/death_notice/authorise", authorisation, expect=400, code="BAD_REQUEST")
    await sweep()
    assert "told us that you have died" in (await letters_to(services, JOHN))[-1]["subject"]
    assert (await letters_to(services, BOB))[-1]["subject"] == "Has John Doe died?"
    clock.advance(hours=3)
    await bob.client.post("/death_notice/authorise", authorisation)
    (row,) = await ann.following()
    assert row["death_notice"]["status"] == "authorised"
    assert row["death_notice"]["setting"]["content"] == "It was good to be here."
    assert row["death_notice"]["authoriser"]["full_name"] == "Bob Ray"

    # The funeral's details go out once.
    await ann.post("/death_notice/send_funeral_details", {"funeral_details": FUNERAL})
    await bob.client.post(
        "/death_notice/send_funeral_details", {"funeral_details": FUNERAL}, expect=400, code="BAD_REQUEST"
    )
    await sweep()
    letter = (await letters_to(services, ANN))[-1]
    assert letter["subject"] == "The funeral of John Doe"
    assert "Bring a song." in letter["text"]
    pin = letter["text"].split("asked for it: ")[1][:6]
    anns_calendar = CalendarProgram()
    anns_calendar.take_all([letter])
    (in_it,) = anns_calendar.events.values()
    assert in_it["summary"] == "Gathering with the circle of John Doe"
    assert in_it["location"].endswith(f",,{pin}#")
    assert "Bring a song." in in_it["description"]

    # A quarter of an hour before they are reminded: Ann by mail, Bob by mail and by text.
    (booking,) = [
        each
        for each in (await database.bookings.of_person(bob.id, kind=None, skip=0, limit=5))[1]
        if each.starts is not None
    ]
    assert booking.starts is not None
    assert booking.room == "bob-ray"
    clock.set(booking.starts - timedelta(minutes=14))
    await sweep()
    await sweep()
    for address in (ANN, BOB):
        reminders = [
            each for each in await letters_to(services, address) if "circle of John" in each["subject"]
        ]
        assert len(reminders) == 1
    assert "the circle of John Doe" in carrier.texts_to(BOBS_PHONE)[-1]["body"]

    # Bob dials from his own phone, Ann from a neighbour's with her PIN; they talk.
    clock.set(booking.starts)
    bobs_call = await carrier.dial(BOBS_PHONE)
    await bobs_call.until("joined", room="bob-ray")
    anns_call = await carrier.dial(A_NEIGHBOURS_PHONE)
    await anns_call.until("gather")
    anns_call.press(f"{pin}#")
    await anns_call.until("joined", room="bob-ray")
    assert any("Bob Ray" in said for said in anns_call.said)
    clock.advance(minutes=20)
    anns_call.hang_up()
    bobs_call.hang_up()
    await carrier.settled()
    await services.background.idle()
    await runner.run("settle-calls")
    await services.background.idle()

    # It was held, and costs nobody anything.
    held = await database.bookings.get(booking.id)
    assert held is not None
    assert held.state is State.HELD
    assert await database.charges.of_booking(booking.id) == []
    assert not any("receipt" in each["subject"].lower() for each in await letters_to(services, ANN))

    # Who has not answered has heard of the invitation only, and who is on the grey list of nothing at all.
    assert [each["subject"] for each in await letters_to(services, ZOE)] == [
        "John Doe wants you in a circle of trust"
    ]
    assert len(await letters_to(services, EVE)) == heard_by_eve
    for level in ("trusted_friend", "lifelink"):
        assert await eve.client.following(level) == []
    mine = (await HeroesClient(api, eve.client.token)("GET", "/conferences/")).body
    assert mine["count"] == 0
