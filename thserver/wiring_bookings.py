"""How bookings of every kind are plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from datetime import timedelta

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Clock
from thserver.services.booking_moves import BookingMoves
from thserver.services.bookings import BookingService
from thserver.services.cancellations import Cancellations
from thserver.services.news import NewsDesk
from thserver.services.wallet import Wallet


def wire_bookings(
    settings: Settings, database: Database, *, clock: Clock, news: NewsDesk, wallet: Wallet
) -> tuple[BookingMoves, BookingService]:
    moves = BookingMoves(database=database, clock=clock, news=news, secret_key=settings.secret_key)
    return moves, BookingService(
        database=database,
        clock=clock,
        moves=moves,
        cancellations=Cancellations(database=database, clock=clock, allowed=settings.allowed_cancelations),
        cards=wallet,
        cancellation_fee_in_cents=settings.cancelation_fee_in_cents,
        admit_after=timedelta(minutes=settings.admit_after_min),
    )
