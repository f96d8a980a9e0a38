"""Whom the simulated card company knows: customers with their cards, and those who are paid out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from thserver.domain.errors import Invalid, NotFound, PaymentRefused
from thserver.domain.ports import Card, Clock
from thserver.gateways.simulated_cards import TEST_CARDS
from thserver.gateways.simulated_records import Records

ONBOARDING_URL = "https://connect.stripe.example/setup/{account}?return_url={back}"


class SimulatedAccounts:
    def __init__(self, *, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def create_customer(self, person_id: int, *, email: str | None, key: str) -> str:
        return self._made_once("customers", "cus", key, {"person_id": person_id, "email": email})

    async def create_setup_intent(self, customer_id: str) -> str:
        intent = new_id("seti")
        self._records.put("setup_intents", intent, {"id": intent, "customer": customer_id})
        return f"{intent}_secret_{secrets.token_hex(12)}"

    async def confirm_card(self, customer_id: str, payment_method: str) -> Card:
        """A test card makes a new card of the customer; its holder is taken to be there and to consent."""
        test_card = TEST_CARDS.get(payment_method)
        if test_card is None:
            known = self.attached(payment_method, customer_id)
            if known is None:
                raise Invalid(payment_method="unknown")
            return _shown(known)
        if test_card.on_setup is not None:
            raise PaymentRefused(test_card.on_setup.reason)
        card: dict[str, Any] = {
            "id": new_id("pm"),
            "customer": customer_id,
            "test_card": payment_method,
            "brand": test_card.brand,
            "last4": test_card.last4,
            "exp_month": 12,
            "exp_year": self._clock.now().year + 3,
        }
        self._records.put("cards", card["id"], card)
        self._records.update("customers", customer_id, default_card=card["id"])
        return _shown(card)

    async def cards(self, customer_id: str) -> list[Card]:
        """The newest first."""
        found = [card for card in self._records.all("cards") if card["customer"] == customer_id]
        return [_shown(card) for card in reversed(found)]

    async def detach_card(self, payment_method: str) -> None:
        if payment_method.isascii():
            self._records.update("cards", payment_method, customer=None)

    async def create_payout_account(self, person_id: int, *, email: str | None, key: str) -> str:
        start = {"person_id": person_id, "email": email, "ready": False}
        return self._made_once("accounts", "acct", key, start)

    async def payout_onboarding_url(self, account_id: str, *, return_url: str) -> str:
        """A page that exists nowhere; `complete_onboarding` is a visit to it."""
        if self._records.get("accounts", account_id) is None:
            raise NotFound
        return ONBOARDING_URL.format(account=account_id, back=return_url)

    async def payout_account_ready(self, account_id: str) -> bool:
        account = self._records.get("accounts", account_id)
        return account is not None and account["ready"]

    def complete_onboarding(self, account_id: str) -> None:
        """The hero has filled in the card company's form."""
        if self._records.update("accounts", account_id, ready=True) is None:
            raise NotFound

    def customers(self) -> list[dict[str, Any]]:
        return self._records.all("customers")

    def _made_once(self, kind: str, prefix: str, key: str, start: dict[str, Any]) -> str:
        """The id of the one thing under this key; a crash between the two writes is mended by the next try."""
        new = {"id": new_id(prefix)}
        made = (
            new if self._records.add(f"{kind}_by_key", key, new) else self._records.get(f"{kind}_by_key", key)
        )
        thing = start | (made or new)
        self._records.add(kind, thing["id"], thing)
        return thing["id"]

    def attached(self, payment_method: str, customer_id: str) -> dict[str, Any] | None:
        """The card as it is kept, if it is this customer's."""
        card = self._records.get("cards", payment_method) if payment_method.isascii() else None
        return card if card is not None and card["customer"] == customer_id else None


def _shown(card: Mapping[str, Any]) -> Card:
    return Card(card["id"], card["brand"], card["last4"], card["exp_month"], card["exp_year"])


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
