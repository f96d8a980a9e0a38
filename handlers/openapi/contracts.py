"""The five contracts as OpenAPI documents have them: their routes, how they sign in, and what is to be known beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.base import Handler
from handlers.calendar import OWN_FEED
from handlers.circles.dialect import DIALECT as CIRCLES_DIALECT
from handlers.circles.routes import ROUTES as CIRCLES
from handlers.dialect import Dialect
from handlers.experts.dialect import DIALECT as EXPERTS_DIALECT
from handlers.experts.routes import MEETINGS as EXPERT_MEETINGS
from handlers.experts.routes import ROUTES as EXPERTS
from handlers.gatherings.dialect import DIALECT as GATHERINGS_DIALECT
from handlers.gatherings.routes import MEETINGS as GATHERINGS_MEETINGS
from handlers.gatherings.routes import ROUTES as GATHERINGS
from handlers.heroes.dialect import DIALECT as HEROES_DIALECT
from handlers.heroes.routes import ROUTES as HEROES
from handlers.meetings_dispatch import PREFIX as SHARED_PREFIX
from handlers.meetings_dispatch import BothDialects
from handlers.mentors.dialect import DIALECT as MENTORS_DIALECT
from handlers.mentors.routes import ROUTES as MENTORS
from handlers.payments.routes import CLIENT_ROUTES as PAYMENTS
from handlers.webhooks.dialect import DIALECT as WEBHOOKS_DIALECT
from handlers.webhooks.routes import ROUTES as WEBHOOKS
from thserver.domain.errors import Refusal, Throttled

Routes = Sequence[tuple[str, type[Handler]]]

COMMON = """\
Every path answers with and without its trailing slash, and every GET answers HEAD. Bodies are JSON objects; forms
(`application/x-www-form-urlencoded`) are read as well. Keys that are not described are ignored. Times are UTC in
ISO 8601 with `Z`; input takes any offset, and a time without one is UTC."""


HEROES_ABOUT = """\
A *hero* takes calls at a rate by the minute. Whoever is not signed in is answered 403 here. The payment routes stand beside this contract."""
MENTORS_ABOUT = """\
Version 2 of a route is asked for by `version=v2` in `Accept`, or by the path that begins with `/v2`."""
EXPERTS_ABOUT = """\
Each answer says how many requests are left in this minute. Live updates come over WebSockets: `/ws/` carries everything of one's own and
takes `{"type": "message.send", "receiver_id", "content"}`; `/ws/chat/{id}/` carries the conversation with that person only and takes the same
without `receiver_id`. The token goes into `Authorization` or the query (`?token=`); a bad one is closed with code 4401. `?since=` resumes
behind the last message or notification that was seen. What arrives is `{"type": "message.receive", "message"}` or
`{"type": "notification.receive", "notification"}`, or `{"type": "resync"}` when something may be missing; `/ws/notifications/` carries
the latter two only. `/api/meetings…` is another contract's too: the scheme `Bearer` says that this one is meant."""
CIRCLES_ABOUT = """\
The HTTP status is 200 always; what came of a request is in `http_status_code` and, for what was refused, in `error.code`. A wrong method or path is
`ENDPOINT_NOT_EXISTS`. Parameters are read from the query and the body together, also with bracketed names (`user[email]=…`)."""
GATHERINGS_ABOUT = """\
Sign in with a code that is texted. Pictures are uploaded as multipart forms. `/api/meetings…` is another contract's too: the scheme `Token` says that this
one is meant."""
WEBHOOKS_ABOUT = """\
Whoever is signed in by one of the contracts is signed in here; webhooks are for staff. What is posted to an endpoint, and how it is signed, is
described in `docs/webhooks.md`. A calendar program asks for the feed at its secret address, which ends in `.ics`."""
LIMIT_HEADERS = {
    "X-RateLimit-Limit": {"description": "Requests a minute.", "schema": {"type": "string"}},
    "X-RateLimit-Remaining": {
        "description": "How many are left in this minute.",
        "schema": {"type": "string"},
    },
    "X-RateLimit-Reset": {
        "description": "When the next minute begins, in Unix seconds.",
        "schema": {"type": "string"},
    },
}


# What answers under the prefix that two contracts share when the request does not say which of them it means.
SHARED = (SHARED_PREFIX, BothDialects())


@dataclass(frozen=True, eq=False)
class Contract:
    """`about` may be Markdown. `security` is one OpenAPI security scheme, by which whoever is signed in says so. `headers` are on every answer, and
    `refuses` may come of any request. `shared` is a prefix that another contract has as well, with the dialect that answers
    where a request does not say whose it is."""

    name: str
    title: str
    about: str
    routes: Routes
    dialect: Dialect
    security: Mapping[str, Any]
    headers: Mapping[str, Any] = field(default_factory=dict)
    refuses: tuple[type[Refusal], ...] = ()
    shared: tuple[str, Dialect] | None = None


def _header(name: str, form: str) -> dict[str, Any]:
    return {"type": "apiKey", "in": "header", "name": name, "description": f"`{name}: {form}`"}


CONTRACTS = (
    Contract(
        name="heroes",
        title="Heroes: find an expert, agree on a time, dial in, pay by the minute",
        about=HEROES_ABOUT,
        routes=(*HEROES, *PAYMENTS),
        dialect=HEROES_DIALECT,
        security=_header("Authorization", "<token>"),
    ),
    Contract(
        name="mentors",
        title="Mentors: publish availability, book sessions of 30 or 60 minutes",
        about=MENTORS_ABOUT,
        routes=MENTORS,
        dialect=MENTORS_DIALECT,
        security=_header("Authorization", "Token <token>"),
    ),
    Contract(
        name="experts",
        title="Experts: meetings paid in credits, reviews, messages, live updates",
        about=EXPERTS_ABOUT,
        routes=(*EXPERTS, *EXPERT_MEETINGS),
        dialect=EXPERTS_DIALECT,
        security={"type": "http", "scheme": "bearer"},
        headers=LIMIT_HEADERS,
        shared=SHARED,
        refuses=(Throttled,),
    ),
    Contract(
        name="circles",
        title="Circles: trusted friends, lifelinks, the notice of passing",
        about=CIRCLES_ABOUT,
        routes=CIRCLES,
        dialect=CIRCLES_DIALECT,
        security=_header("X-Access-Token", "<token>"),
    ),
    Contract(
        name="gatherings",
        title="Gatherings: sign in by SMS code, contacts, meetings of up to fifty",
        about=GATHERINGS_ABOUT,
        routes=(*GATHERINGS, *GATHERINGS_MEETINGS),
        dialect=GATHERINGS_DIALECT,
        shared=SHARED,
        security=_header("Authorization", "Token <token>"),
    ),
)


# Beside the contracts: for those who build on the service.
WEBHOOKS_AND_FEEDS = Contract(
    name="webhooks",
    title="Webhooks: what happens is told to other servers, and to calendars",
    about=WEBHOOKS_ABOUT,
    routes=(*WEBHOOKS, *OWN_FEED),
    dialect=WEBHOOKS_DIALECT,
    security=_header("Authorization", "Token <token>"),
)
DOCUMENTED = (*CONTRACTS, WEBHOOKS_AND_FEEDS)


def contract_named(name: str) -> Contract | None:
    return next((contract for contract in DOCUMENTED if contract.name == name), None)
