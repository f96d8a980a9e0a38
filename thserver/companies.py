"""Which phone, card and mail company the service works with: the real ones, or simulated ones until configured.

The libraries of the real ones take half of the time of a start, so each is imported only where it is used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from thserver.domain.ports import Carrier, Clock, Mail, Payments
from thserver.gateways.clock import PracticeClock, SystemClock
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_payments import SimulatedPayments
from thserver.gateways.simulated_records import Records

VOICE_PATH = "/phone/voice"
TEXT_PATH = "/phone/text"
STRIPE_WEBHOOK_PATH = "/payments/stripe/webhook"


@dataclass(frozen=True, kw_only=True)
class Practice:
    """The simulated companies, for the practice phone and for tests; None where the real one is used."""

    carrier: SimulatedCarrier | None = None
    payments: SimulatedPayments | None = None
    mail: SimulatedMail | None = None
    clock: PracticeClock | None = None


def practice_among(clock: Clock, carrier: Carrier, payments: Payments, mail: Mail) -> Practice:
    return Practice(
        clock=clock if isinstance(clock, PracticeClock) else None,
        carrier=carrier if isinstance(carrier, SimulatedCarrier) else None,
        payments=payments if isinstance(payments, SimulatedPayments) else None,
        mail=mail if isinstance(mail, SimulatedMail) else None,
    )


def make_clock(settings: Settings, records: Records) -> Clock:
    """Time can be put ahead where nothing but practice depends on it: under DEBUG, without a real carrier."""
    return PracticeClock(records) if settings.debug and settings.carrier_is_simulated else SystemClock()


def make_carrier(settings: Settings, clock: Clock, records: Records, *, speed: float) -> Carrier:
    """`speed` is how many seconds of a simulated call pass in one second."""
    if settings.carrier_is_simulated:
        return SimulatedCarrier(
            records=records,
            clock=clock,
            account_id="AC" + derived(settings, "account id"),
            auth_token=derived(settings, "auth token"),
            base_url=settings.base_url,
            voice_url=settings.base_url + VOICE_PATH,
            voice_fallback_url=settings.base_url + VOICE_PATH + "/fallback",
            text_url=settings.base_url + TEXT_PATH,
            text_number=settings.twilio_number,
            conference_number=settings.conference_number,
            seconds_per_second=speed,
        )
    from thserver.gateways.twilio_carrier import TwilioCarrier

    return TwilioCarrier(
        account_id=settings.twilio_account_id,
        auth_tokens=settings.twilio_api_token,
        from_number=settings.twilio_number,
        base_url=settings.base_url,
        conference_number=settings.conference_number,
        api_base=settings.twilio_api_base,
    )


def make_payments(settings: Settings, clock: Clock, records: Records) -> Payments:
    if settings.payments_are_simulated:
        return SimulatedPayments(
            records=records,
            clock=clock,
            webhook_secret=derived(settings, "stripe webhook"),
            webhook_url=settings.base_url + STRIPE_WEBHOOK_PATH,
        )
    from thserver.gateways.stripe_payments import StripePayments

    return StripePayments(
        secret_key=settings.stripe_secret_key,
        publishable_key=settings.stripe_pub_key,
        api_base=settings.stripe_api_base,
        webhook_secrets=settings.stripe_webhook_secret,
        livemode=not settings.debug,
        clock=clock,
    )


def make_mail(settings: Settings, records: Records) -> Mail:
    if settings.mail_is_simulated:
        return SimulatedMail(records=records)
    from thserver.gateways.smtp_mail import SmtpMail, ses_smtp_url

    url = settings.smtp_url or ses_smtp_url(
        settings.aws_access_key, settings.aws_secret_key, settings.aws_region
    )
    return SmtpMail(url=url, sender=settings.sender)


def make_records(path: Path | None) -> Records:
    """What the simulated companies remember: in this file, or in memory only."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    return Records(path)


def derived(settings: Settings, purpose: str) -> str:
    """A secret of a simulated company: the same at every start, unknown to whoever lacks SECRET_KEY."""
    return hashlib.sha256(f"{settings.secret_key}\x1f{purpose}".encode()).hexdigest()[:32]
