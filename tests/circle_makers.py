"""Makers for circles: people with their apps, friends who have accepted, tokens out of mails."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

from tests.clients.circles import REGISTRATION, CirclesClient
from tests.clients.http import Api
from tests.makers import keep_person
from thserver.domain.circles import Friendship, Level, Names, Status
from thserver.services.all import Services

PASSWORD = "secret"
_numbers = itertools.count(1)


@dataclass
class App:
    """Somebody with his app, signed in."""

    client: CirclesClient
    email: str
    id: int


async def letters_to(services: Services, address: str) -> list[dict[str, Any]]:
    await services.background.idle()
    return list(services.practice.mail.letters_to(address))


async def mailed(services: Services, address: str, *, length: int) -> str:
    """The token in the newest letter to this address."""
    text = (await letters_to(services, address))[-1]["text"]
    found = re.search(rf"asked for it: ([a-z0-9]{{{length}}})\n", text)
    assert found, text
    return found[1]


async def make_app(api: Api, services: Services, email: str | None = None, **known: Any) -> App:
    """Somebody who is here with a proven address, and signed in: kept in one write, as `register_app` leaves him, but
    without its letter."""
    email = email or f"member{next(_numbers)}@example.com"
    names = {name: known.pop(name, REGISTRATION[name]) for name in ("first_name", "last_name")}
    password = known.pop("password", PASSWORD)
    assert not known, known
    person, token = await keep_person(
        services, contract="circles", password=password, email=email, email_verified=True, **names
    )
    return App(CirclesClient(api, token), email, person.id)


async def register_app(api: Api, services: Services, email: str | None = None, **known: Any) -> App:
    """The same, by the way that a client goes: he registers here, confirms his address and signs in."""
    email = email or f"member{next(_numbers)}@example.com"
    client = CirclesClient(api)
    await client.register(email=email, **known)
    token = await mailed(services, email, length=10)
    await client.post("/registration/confirm", {"token": token})
    user = (await client.log_in(email))["user"]
    return App(client, email, user["id"])


def entry(email: str, level: str = "trusted_friend", **changes: Any) -> dict[str, Any]:
    return {
        "email": email,
        "first_name": "Someone1",
        "middle_name": "",
        "last_name": "",
        "level": level,
        **changes,
    }


async def invite(holder: App, email: str, level: str = "trusted_friend", **changes: Any) -> Any:
    answer = await holder.client.post("/friendship/add_one", {"user": entry(email, level, **changes)})
    return answer["user"]


async def invite_token(services: Services, address: str) -> str:
    """The token in the newest invitation to this address."""
    await services.background.idle()
    texts = [letter["text"] for letter in services.practice.mail.letters_to(address)]
    found = [re.search(r"asked for it: ([0-9a-f]{40})\n", text) for text in texts]
    tokens = [match[1] for match in found if match]
    assert tokens, texts
    return tokens[-1]


async def befriend(services: Services, holder: App, friend: App, level: str = "trusted_friend") -> None:
    """The friend has been invited and has accepted: kept in one write, as `befriend_by_mail` leaves it."""
    number = await services.invitations._numbers.next("friendships")
    now = services.clock.now()
    friendship = Friendship(
        id=number,
        holder_id=holder.id,
        email=friend.email,
        level=Level(level),
        status=Status.ACCEPTED,
        names=Names(first_name="Someone1"),
        person_id=friend.id,
        mails=1,
        invite_sent_at=now,
        created=now,
        updated=now,
    )
    token_hash = services.invitations._token_hash(friendship)
    await services.invitations._friendships.add_many([(friendship, token_hash)])


async def befriend_by_mail(
    services: Services, holder: App, friend: App, level: str = "trusted_friend"
) -> None:
    """The friend is invited and accepts."""
    await invite(holder, friend.email, level)
    token = await invite_token(services, friend.email)
    await friend.client.post("/friendship/accept_invitation", {"invite_token": token})
