"""How meetings and the credits that they cost are plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Clock, Payments
from thserver.services.background import Background
from thserver.services.booking_moves import BookingMoves
from thserver.services.bookings import BookingService
from thserver.services.categories import CategoryService
from thserver.services.credit_recount import CreditRecount
from thserver.services.credits import Credits
from thserver.services.meetings import Meetings
from thserver.services.news import NewsDesk
from thserver.services.purchases import Purchases
from thserver.services.reviews import Reviews
from thserver.services.skills import Skills
from thserver.services.wallet import Wallet
from thserver.services.weekly_availability import WeeklyAvailabilityService


@dataclass(frozen=True, kw_only=True)
class MeetingHouse:
    categories: CategoryService
    skills: Skills
    weekly_availability: WeeklyAvailabilityService
    meetings: Meetings
    reviews: Reviews
    credits: Credits
    purchases: Purchases
    recount: CreditRecount


def wire_meetings(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    background: Background,
    payments: Payments,
    wallet: Wallet,
    bookings: BookingService,
    moves: BookingMoves,
    news: NewsDesk,
    is_simulated: bool,
) -> MeetingHouse:
    """Meetings, credits and what people tell of themselves as experts; subscribed to what they must hear of."""
    categories = CategoryService(database=database)
    availability = WeeklyAvailabilityService(database=database)
    credits = Credits(
        database=database,
        clock=clock,
        background=background,
        settle_after=timedelta(hours=settings.credit_settle_after_hours),
    )
    news.subscribe(credits.heard)
    return MeetingHouse(
        categories=categories,
        skills=Skills(database=database, clock=clock, categories=categories),
        weekly_availability=availability,
        meetings=Meetings(
            database=database,
            clock=clock,
            bookings=bookings,
            moves=moves,
            credits=credits,
            categories=categories,
            availability=availability,
            longest=timedelta(minutes=settings.max_conference_call_time_in_min),
        ),
        reviews=Reviews(database=database, clock=clock),
        credits=credits,
        purchases=Purchases(
            database=database,
            clock=clock,
            payments=payments,
            wallet=wallet,
            credits=credits,
            is_simulated=is_simulated,
        ),
        recount=CreditRecount(database=database, clock=clock),
    )
