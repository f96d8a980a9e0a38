"""`thserver demo`: the whole story on the running service, by real HTTP requests and real phone calls."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import secrets
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from config.settings import Settings
from thserver import logs
from thserver.commands.demo_people import Caller, Client, Story
from thserver.commands.reach import service_address, settings_like_the_service
from thserver.storage import opened

HELP = "play a call from registration to receipt on the running service"
MINUTE = timedelta(minutes=1)
TALK = timedelta(minutes=24, seconds=10)


def arguments(parser: argparse.ArgumentParser) -> None:
    """None: the demo is the same for everybody."""


def run(given: argparse.Namespace) -> int:
    settings = settings_like_the_service(otherwise_development=True)
    logs.configure(settings, quiet=True)
    began = time.monotonic()
    try:
        asyncio.run(_run(settings))
    except Story.Broken as problem:
        print(f"thserver: the demo broke off: {problem}", file=sys.stderr)
        return 1
    print(f"\n(the whole story took {time.monotonic() - began:.0f} seconds)")
    return 0


async def _run(settings: Settings) -> None:
    async with service_address(settings) as address, httpx.AsyncClient(base_url=address, timeout=20) as http:
        story = Story(http, settings.conference_number)
        await story.check_practice()
        staff, hero, user = await _three_people(story)
        async with opened(settings) as database:
            person = await database.people.with_email(staff.email)
            assert person is not None
            await database.people.change(person.id, {"is_staff": True})
        await _become_a_hero(story, hero, staff)
        request = await _agree(story, hero, user)
        await _call(story, hero, user, request)
        await _settle(story, hero, user, request)


async def _three_people(story: Story) -> tuple[Client, Client, Client]:
    story.chapter("Three people register with nothing but a phone and an address")
    tag = secrets.token_hex(3)
    zones = ("America/New_York", "America/Los_Angeles", "America/Chicago")
    names = (("Grace", "Staff"), ("Tom", "Brady"), ("Cam", "Newton"))
    people = []
    for (first, last), zone in zip(names, zones, strict=True):
        person = Client(story, first, last, f"{first.lower()}.{tag}@example.com", zone)
        await person.register()
        people.append(person)
    return people[0], people[1], people[2]


async def _become_a_hero(story: Story, hero: Client, staff: Client) -> None:
    story.chapter("Tom offers himself as a hero, Grace accepts him")
    applied = await hero.post(
        "/api/v1/heroes/apply",
        {
            "discipline": "BE",
            "title": "Set up a production level REST API",
            "description": "From an empty folder to a service that survives a crash.",
            "position": "Backend Engineer",
            "company": "SpaceX",
            "short_bio": "Fifteen years of servers.",
            "years_of_exp": 15,
            "rate_in_cents": 150,
            "linkedin_url": "https://www.linkedin.com/in/somebody",
        },
        expect=201,
    )
    hero.hero_id = applied["id"]
    await staff.reads_mail("applies")
    await staff.post("/api/v1/heroes/accept", {"hero_id": applied["id"]})
    await hero.reads_mail("You are a hero")


async def _agree(story: Story, hero: Client, user: Client) -> dict[str, Any]:
    story.chapter("Cam gives a card, asks Tom for a call, and they agree on a time")
    await user.post("/api/v1/payments/methods", {"payment_method": "pm_card_visa"}, expect=(200, 201))
    listed = await user.get("/api/v1/heroes/?search=production&ordering=-created&page_size=100")
    if hero.hero_id not in [each["id"] for each in listed["results"]]:
        raise Story.Broken("the hero is not in the list")
    request = await user.post(
        "/api/v1/call-requests/",
        {"hero_id": hero.hero_id, "message": "How do I make it survive a crash?", "estimated_length": 30},
    )
    await hero.reads_mail("asks you")
    now = await story.now()
    quarter = timedelta(minutes=15)
    # Half an hour ahead at least, with a minute to spare: a quarter may begin before the times are sent.
    first = datetime.fromtimestamp((now + 3 * quarter + MINUTE).timestamp() // 900 * 900, UTC)
    times = [(first + n * 2 * quarter).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for n in range(3)]
    path = f"/api/v1/call-requests/{request['id']}"
    await hero.patch(f"{path}/accept/", dict(zip(("time_one", "time_two", "time_three"), times, strict=True)))
    await user.reads_mail("accepts")
    agreed = await user.patch(f"{path}/agreed-time/", {"agreed_time": times[0]})
    await hero.reads_mail("Your call with")
    await user.reads_mail("Your call with")
    return agreed


async def _call(story: Story, hero: Client, user: Client, request: dict[str, Any]) -> None:
    starts = datetime.fromisoformat(request["agreed_time"])
    story.chapter("Fourteen minutes before, both get a text")
    await story.wait_until(starts - timedelta(minutes=14))
    for person in (hero, user):
        text = await person.reads_text("call")
        if story.number_digits not in re.sub(r"\D", "", text):
            raise Story.Broken("the reminder does not say which number to dial")
    story.chapter("The time has come: both dial the one number")
    await story.wait_until(starts)
    async with _on_the_line(story, user) as cam:
        await cam.until("said")
        await user.is_logged()
        async with _on_the_line(story, hero) as tom:
            await _talk(story, cam, tom)


async def _talk(story: Story, cam: Caller, tom: Caller) -> None:
    await story.wait_until(await story.now() + TALK)
    story.say("", "(they talk for twenty-four minutes)")
    await tom.hang_up()
    await story.wait_until(await story.now() + timedelta(seconds=20))
    await cam.hang_up()


@contextlib.asynccontextmanager
async def _on_the_line(story: Story, person: Client) -> AsyncIterator[Caller]:
    caller = Caller(story, person)
    await caller.dial()
    try:
        await caller.until("joined")
        yield caller
    finally:
        await caller.close()


async def _settle(story: Story, hero: Client, user: Client, request: dict[str, Any]) -> None:
    story.chapter("The bill is settled")
    receipt = await user.reads_text("$")
    await hero.reads_text("$")
    await user.reads_mail("Receipt")
    await hero.reads_mail("for your call")
    conferences = await user.get("/api/v1/conferences/")
    sid = next(each["sid"] for each in conferences["results"] if each["call_request"]["id"] == request["id"])
    conference = await hero.get(f"/api/v1/conferences/{sid}")
    story.say("", f"the log of conference {sid} in room {conference['friendly_name']}:")
    for entry in conference["logs"]:
        story.say("", f"  {entry['timestamp']}  {entry['action']:<18} {entry['user']}")
    actions = [
        entry["action"].removeprefix("participant-").removeprefix("conference-")
        for entry in conference["logs"]
    ]
    if actions != ["join", "join", "start", "leave", "leave", "end"]:
        raise Story.Broken(f"the log is not in order: {actions}")
    charges = await user.get("/api/v1/payments/charges")
    charge = charges["results"][0]
    story.say("", "the charge: " + json.dumps(charge))
    if charge["amount_in_cents"] != charge["minutes"] * charge["rate_in_cents"]:
        raise Story.Broken("the receipt does not add up")
    if f"{charge['amount_in_cents'] / 100:.2f}" not in receipt:
        raise Story.Broken("the text and the charge differ")
    story.say(
        "",
        f"{charge['minutes']} minutes × ${charge['rate_in_cents'] / 100:.2f} = ${charge['amount_in_cents'] / 100:.2f}: it adds up",
    )
