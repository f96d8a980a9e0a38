"""How webhooks are plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Clock
from thserver.domain.webhooks import WebhookSender
from thserver.gateways.webhook_sender import HttpWebhookSender
from thserver.sealing import Sealer
from thserver.services.background import Background
from thserver.services.billing import Billing
from thserver.services.conferences import Conferences
from thserver.services.news import NewsDesk
from thserver.services.outbox import Outbox
from thserver.services.webhook_deliveries import WebhookDeliveries
from thserver.services.webhook_events import WebhookEvents
from thserver.services.webhooks import Webhooks


@dataclass(frozen=True, kw_only=True)
class WebhookHouse:
    webhooks: Webhooks
    deliveries: WebhookDeliveries
    sender: WebhookSender


def wire_webhooks(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    background: Background,
    outbox: Outbox,
    news: NewsDesk,
    conferences: Conferences,
    billing: Billing,
) -> WebhookHouse:
    """Events hear of bookings, conferences and charges, each after everybody else has."""
    sender = HttpWebhookSender(allow_loopback=settings.debug)
    sealer = Sealer(settings.secret_key)
    deliveries = WebhookDeliveries(
        database=database,
        clock=clock,
        background=background,
        sender=sender,
        sealer=sealer,
        outbox=outbox,
        give_up_after=timedelta(days=settings.webhook_disable_after_days),
    )
    events = WebhookEvents(database=database, clock=clock, deliveries=deliveries)
    news.subscribe(events.booking_heard)
    conferences.on_told(events.conference_heard)
    billing.on_charge_news(events.charge_heard)
    return WebhookHouse(
        webhooks=Webhooks(
            database=database,
            clock=clock,
            sender=sender,
            sealer=sealer,
            events=events,
            deliveries=deliveries,
        ),
        deliveries=deliveries,
        sender=sender,
    )
