"""Which phone, card and mail company the service works with: the real ones, or simulated ones until configured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.settings import Settings
from thserver.domain.ports import Clock, Mail, Payments
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_payments import SimulatedPayments
from thserver.gateways.simulated_records import Records
from thserver.gateways.smtp_mail import SmtpMail, ses_smtp_url
from thserver.gateways.stripe_payments import StripePayments

STRIPE_WEBHOOK_PATH = "/payments/stripe/webhook"


@dataclass(frozen=True, kw_only=True)
class Practice:
    """The simulated companies, for the practice phone and for tests; None where the real one is used."""

    carrier: Any = None
    payments: SimulatedPayments | None = None
    mail: SimulatedMail | None = None


def make_payments(settings: Settings, clock: Clock, records: Records) -> Payments:
    if settings.payments_are_simulated:
        return SimulatedPayments(
            records=records,
            clock=clock,
            webhook_secret=derived(settings, "stripe webhook"),
            webhook_url=settings.base_url + STRIPE_WEBHOOK_PATH,
        )
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
