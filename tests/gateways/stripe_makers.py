"""The gateway to Stripe over a stand-in of it, with a clock that is set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from tests.fakes.stripe_stand_in import StripeStandIn
from thserver.domain.ports import ChargeOutcome
from thserver.gateways.stripe_payments import StripePayments

SECRET = "whsec_one"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


class SettableClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class Desk:
    """The stand-in, the gateway to it, and one customer with a good card."""

    def __init__(self, company: StripeStandIn, payments: StripePayments, clock: SettableClock) -> None:
        self.company = company
        self.payments = payments
        self.clock = clock
        self.customer = ""
        self.card = ""

    async def charge(self, **changes: Any) -> ChargeOutcome:
        wanted: dict[str, Any] = {
            "amount_in_cents": 2500,
            "customer_id": self.customer,
            "payment_method": self.card,
            "description": "Call with Grace, 25 minutes",
            "key": "charge:7:1",
            "metadata": {"booking": "7"},
        }
        return await self.payments.charge(**{**wanted, **changes})

    async def another_card(self, test_card: str) -> str:
        return (await self.payments.confirm_card(self.customer, test_card)).id


@asynccontextmanager
async def desk(*, timeout_s: float = 8) -> AsyncIterator[Desk]:
    clock = SettableClock(NOW)
    async with StripeStandIn(now=lambda: clock.moment.timestamp()) as company:
        payments = StripePayments(
            secret_key=company.secret_key,
            publishable_key="pk_test_x",
            api_base=company.url + "/",
            webhook_secrets=(SECRET, "whsec_two"),
            livemode=False,
            timeout_s=timeout_s,
            clock=clock,
        )
        found = Desk(company, payments, clock)
        found.customer = await payments.create_customer(7, email="ann@example.com", key="customer:7")
        found.card = await found.another_card("pm_card_visa")
        try:
            yield found
        finally:
            await payments.close()
