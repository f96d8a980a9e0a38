"""Who is told of what in a notice of passing, and how the holder himself ends it."""

from __future__ import annotations

from store.database import Database
from tests.circle_makers import App, befriend, invite, letters_to, make_app
from tests.clients.circles import CirclesClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.handlers.circles.death_notice_makers import (
    AUTHORISE,
    DETAILS,
    INITIATE,
    WORDS,
    Circle,
    counts,
    subjects,
)
from tests.makers import make_person
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services


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
