"""The one place where everything is plugged together: what is built from what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from config.settings import Settings
from store.database import Database
from thserver.companies import Practice, make_carrier, make_clock, make_mail, make_payments, make_records
from thserver.domain.ports import Carrier, Clock, Mail, Payments
from thserver.gateways.clock import PracticeClock
from thserver.gateways.password_hasher import PasswordHasher
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_payments import SimulatedPayments
from thserver.sealing import Sealer
from thserver.services.all import Services
from thserver.services.background import Background
from thserver.services.booking_moves import BookingMoves
from thserver.services.bookings import BookingService
from thserver.services.cancellations import Cancellations
from thserver.services.news import NewsDesk
from thserver.services.outbox import Outbox
from thserver.services.readiness import Readiness
from thserver.services.sign_in import SignIn


class NoCards:
    """Nobody has a card as long as there is no wallet."""

    async def has_card(self, person_id: int) -> bool:
        return False


async def wire(
    settings: Settings,
    database: Database,
    *,
    clock: Clock | None = None,
    carrier: Carrier | None = None,
    payments: Payments | None = None,
    mail: Mail | None = None,
    hasher: PasswordHasher | None = None,
    records_path: Path | None = None,
    practice_speed: float = 1.0,
) -> Services:
    """Everything that the business needs. What is not given is built as the settings say.

    The simulated companies remember in the file `records_path`, or in memory only;
    `practice_speed` is how many seconds of a simulated call pass in one second.
    """
    clock = clock or make_clock(settings)
    hasher = hasher or PasswordHasher()
    records = make_records(records_path)
    carrier = carrier or make_carrier(settings, clock, records, speed=practice_speed)
    payments = payments or make_payments(settings, clock, records)
    mail = mail or make_mail(settings, records)
    practice = Practice(
        clock=clock if isinstance(clock, PracticeClock) else None,
        carrier=carrier if isinstance(carrier, SimulatedCarrier) else None,
        payments=payments if isinstance(payments, SimulatedPayments) else None,
        mail=mail if isinstance(mail, SimulatedMail) else None,
    )
    sign_in = SignIn(
        database=database,
        clock=clock,
        hasher=hasher,
        token_life=timedelta(days=settings.auth_token_exp_in_days),
        limit_per_address=settings.limit_auth_per_address_min,
    )
    background = Background()
    news = NewsDesk(database=database, clock=clock, background=background)
    outbox = Outbox(
        database=database,
        clock=clock,
        background=background,
        carrier=carrier,
        mail=mail,
        sealer=Sealer(settings.secret_key),
        web_domain=settings.web_domain,
    )
    bookings = BookingService(
        database=database,
        clock=clock,
        moves=BookingMoves(database=database, clock=clock, news=news, secret_key=settings.secret_key),
        cancellations=Cancellations(database=database, clock=clock, allowed=settings.allowed_cancelations),
        cards=NoCards(),
        cancellation_fee_in_cents=settings.cancelation_fee_in_cents,
        admit_after=timedelta(minutes=settings.admit_after_min),
    )

    async def close_hasher() -> None:
        hasher.close()

    return Services(
        clock=clock,
        readiness=Readiness(database),
        background=background,
        news=news,
        outbox=outbox,
        practice=practice,
        sign_in=sign_in,
        bookings=bookings,
        closers=[carrier.close, background.close, close_hasher, payments.close, mail.close],
    )
