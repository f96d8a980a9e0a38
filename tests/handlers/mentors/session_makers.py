"""Mentors, mentees and sessions of contract mentors as the tests ask for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.clients.http import Api
from tests.clients.mentors import PASSWORD, MentorsClient
from tests.makers import keep_person
from thserver.services.all import Services

HOUR = timedelta(hours=1)
HALF = timedelta(minutes=30)


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def make_mentor(api: Api, services: Services, username: str) -> MentorsClient:
    """Kept at once as `register` and `become_mentor` of the client leave him. So with a mentee."""
    client = await sign_in(api, services, username, first_name="Grace", last_name="Hopper", is_mentor=True)
    await services.mentors.add_profile(client.pk, about_me="Compilers", skills=["COBOL"], team_number=10)
    return client


async def make_mentee(api: Api, services: Services, username: str) -> MentorsClient:
    client = await sign_in(api, services, username, first_name="Ada", last_name="Lovelace", is_mentee=True)
    await services.mentors.add_mentee_profile(client.pk, team_number=4)
    return client


async def sign_in(api: Api, services: Services, username: str, **known: Any) -> MentorsClient:
    """Somebody who has registered and signed in, and is neither yet."""
    email = f"{username}@fake.com"
    person, token = await keep_person(
        services,
        contract="mentors",
        password=PASSWORD,
        username=username,
        email=email,
        email_pending=email,
        **known,
    )
    client = MentorsClient(api)
    client.pk, client.token = person.id, token
    return client
