"""How messages, notifications and whoever is looking are plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Clock
from thserver.services.billing import Billing
from thserver.services.closing import Closing
from thserver.services.conferences import Conferences
from thserver.services.credits import Credits
from thserver.services.live import Live
from thserver.services.messages import Messages
from thserver.services.news import NewsDesk
from thserver.services.notifications import Notifications
from thserver.services.reminders import Reminders
from thserver.services.request_limits import RequestLimits
from thserver.services.sign_in import SignIn

# What one person may say over sockets within a minute; more where the operator allows more requests than that.
SAID_A_MINUTE = 100


@dataclass(frozen=True, kw_only=True)
class Messaging:
    messages: Messages
    notifications: Notifications
    live: Live


def wire_messages(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    sign_in: SignIn,
    news: NewsDesk,
    reminders: Reminders,
    conferences: Conferences,
    credits: Credits,
    billing: Billing,
    closing: Closing,
) -> Messaging:
    """Notifications hear of everything that happens in the house."""
    notifications = Notifications(database=database, clock=clock)
    news.subscribe(notifications.booking_heard)
    reminders.on_reminder(notifications.reminder_due)
    conferences.on_told(notifications.conference_heard)
    credits.subscribe(notifications.credit_heard)
    billing.on_charge_news(notifications.charge_heard)
    closing.also(notifications.forget)
    limit = max(SAID_A_MINUTE, settings.limit_requests_per_person_min)
    return Messaging(
        messages=Messages(database=database, clock=clock, notifications=notifications),
        notifications=notifications,
        live=Live(database=database, sign_in=sign_in, limits=RequestLimits(clock=clock, limit=limit)),
    )
