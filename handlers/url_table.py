"""Every URL of the service on one page, contract by contract; each prefix ends in its own 404."""

from __future__ import annotations

from tornado.routing import Matcher

from handlers import calendar, docs_pages, health, media
from handlers.base import Handler, UnknownPath
from handlers.circles.routes import ROUTES as CIRCLES
from handlers.console.practice_phone import ROUTES as PRACTICE
from handlers.console.routes import ROUTES as CONSOLE
from handlers.experts.routes import MEETINGS as EXPERT_MEETINGS
from handlers.experts.routes import ROUTES as EXPERTS
from handlers.gatherings.routes import MEETINGS as GATHERINGS_MEETINGS
from handlers.gatherings.routes import ROUTES as GATHERINGS
from handlers.heroes.routes import ROUTES as HEROES
from handlers.meetings_dispatch import ROUTES as NO_SCHEME
from handlers.meetings_dispatch import for_scheme
from handlers.mentors.routes import ROUTES as MENTORS
from handlers.payments.routes import ROUTES as PAYMENTS
from handlers.phone.routes import ROUTES as PHONE
from handlers.webhooks.routes import ROUTES as WEBHOOKS

URL_TABLE: list[tuple[str | Matcher, type[Handler]]] = [
    (r"/healthz/?", health.Alive),
    (r"/livez/?", health.Alive),
    (r"/readyz/?", health.Ready),
    (r"/metrics/?", health.Metrics),
    # Looked through from the top at every request, and a ringing phone is in a hurry.
    *PHONE,
    *PAYMENTS,
    *HEROES,
    *MENTORS,
    *for_scheme("Bearer", EXPERT_MEETINGS),
    *for_scheme("Token", GATHERINGS_MEETINGS),
    *NO_SCHEME,
    *EXPERTS,
    *GATHERINGS,
    *CIRCLES,
    *media.ROUTES,
    *WEBHOOKS,
    *calendar.ROUTES,
    *PRACTICE,
    *docs_pages.ROUTES,
    *CONSOLE,
]

NOT_FOUND = UnknownPath
