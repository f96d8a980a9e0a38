"""How everything about money is plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Clock, Payments
from thserver.services.background import Background
from thserver.services.billing import Billing
from thserver.services.bookings import BookingService
from thserver.services.card_events import CardEventDesk
from thserver.services.charge_news import ChargeNews
from thserver.services.charging import Charging
from thserver.services.news import NewsDesk
from thserver.services.outbox import Outbox
from thserver.services.payouts import Payouts
from thserver.services.recount import Recount
from thserver.services.refunds import Refunds
from thserver.services.settlement import Settlement
from thserver.services.wallet import Wallet


@dataclass(frozen=True, kw_only=True)
class Money:
    billing: Billing
    card_events: CardEventDesk


def wire_wallet(settings: Settings, database: Database, *, clock: Clock, payments: Payments) -> Wallet:
    """The bookings ask it whether somebody has a card, so it comes before them."""
    return Wallet(database=database, clock=clock, payments=payments, web_domain=settings.web_domain)


def wire_money(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    background: Background,
    payments: Payments,
    outbox: Outbox,
    wallet: Wallet,
    bookings: BookingService,
    news: NewsDesk,
) -> Money:
    """Settlement, charging, refunds and the card company's events; subscribed to what they must hear of."""
    charge_news = ChargeNews(database=database, clock=clock, outbox=outbox, web_domain=settings.web_domain)
    charging = Charging(database=database, clock=clock, payments=payments, wallet=wallet, news=charge_news)
    settlement = Settlement(
        database=database,
        clock=clock,
        background=background,
        bookings=bookings,
        charging=charging,
        fee_percent=settings.platform_fee_percent,
        most_minutes=settings.max_conference_call_time_in_min,
        admit_before=timedelta(minutes=settings.admit_before_min),
        admit_after=timedelta(minutes=settings.admit_after_min),
    )
    payouts = Payouts(database=database, clock=clock, payments=payments, wallet=wallet)
    billing = Billing(
        database=database,
        settlement=settlement,
        charging=charging,
        news=charge_news,
        refunds=Refunds(database=database, clock=clock, payments=payments, news=charge_news),
        payouts=payouts,
        recount=Recount(database=database, clock=clock),
    )
    card_events = CardEventDesk(
        database=database,
        clock=clock,
        background=background,
        payments=payments,
        charging=charging,
        news=charge_news,
        payouts=payouts,
        livemode=not (settings.debug or settings.payments_are_simulated),
    )

    async def card_given(person_id: int) -> None:
        await charging.card_given(person_id)
        background.soon(f"unpaid charges of person {person_id}", charging.charge_due)

    wallet.when_card_given(card_given)
    news.subscribe(settlement.charge_fee)
    return Money(billing=billing, card_events=card_events)
