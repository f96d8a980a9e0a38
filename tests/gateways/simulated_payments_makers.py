"""The simulated card company for its tests: with a clock of theirs, a customer with a card, and a charge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from thserver.domain.ports import ChargeOutcome
from thserver.gateways.simulated_payments import SimulatedPayments
from thserver.gateways.simulated_records import Records

SECRET = "whsec_simulated"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


class SettableClock:
    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


def company(
    records: Records | None = None, *, clock: SettableClock | None = None, **more: Any
) -> SimulatedPayments:
    options: dict[str, Any] = {"webhook_secret": SECRET, "webhook_url": "http://127.0.0.1:9/nowhere", **more}
    return SimulatedPayments(records=records or Records(), clock=clock or SettableClock(), **options)


async def customer_with(payments: SimulatedPayments, test_card: str = "pm_card_visa") -> tuple[str, str]:
    customer = await payments.create_customer(7, email="ann@example.com", key="customer:7")
    return customer, (await payments.confirm_card(customer, test_card)).id


async def charge(payments: SimulatedPayments, who: tuple[str, str], **changes: Any) -> ChargeOutcome:
    wanted: dict[str, Any] = {
        "amount_in_cents": 2500,
        "customer_id": who[0],
        "payment_method": who[1],
        "description": "Call with Grace",
        "key": "charge:7:1",
        "metadata": {"booking": "7"},
    }
    return await payments.charge(**{**wanted, **changes})
