"""A card company of our own for trying things out and for tests: Stripe's rules and test cards, no money."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from thserver.domain.ports import ChargeOutcome, ChargeState, Clock, PaymentEvent
from thserver.gateways.payment_events import is_fresh, is_signed, parse_event
from thserver.gateways.simulated_accounts import SimulatedAccounts, new_id
from thserver.gateways.simulated_cards import AUTHENTICATION_REQUIRED, TEST_CARDS, Refusal
from thserver.gateways.simulated_records import Records
from thserver.gateways.simulated_webhooks import SimulatedWebhooks, as_charge, as_intent

KEY_LIFE = timedelta(hours=24)
LOOK_UP_AFTER = timedelta(hours=23)
LEAST_CENTS, MOST_CENTS = 50, 99_999_999


@dataclass
class Faults:
    """What is to go wrong with the next requests for money; each number counts down to 0."""

    commit_then_unknown: int = 0  # the money is taken, and the answer lost
    unknown_before_commit: int = 0  # nothing is taken, and nobody can know
    retry: int = 0  # refused at the door, as with 429
    decline_next: str | None = None  # a decline code for the next charge

    def strikes(self, name: str) -> bool:
        left: int = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return bool(left)

    def at_the_door(self) -> ChargeOutcome | None:
        """What goes wrong before a request is looked at."""
        if self.strikes("retry"):
            return ChargeOutcome(ChargeState.RETRY, reason="rate_limit")
        if self.strikes("unknown_before_commit"):
            return ChargeOutcome(ChargeState.UNKNOWN, reason="ReadTimeout")
        return None


class SimulatedPayments(SimulatedAccounts):
    """Everything is in the records before an answer leaves: a killed service finds its charges again."""

    publishable_key = "pk_test_simulated"

    def __init__(
        self,
        *,
        records: Records,
        clock: Clock,
        webhook_secret: str,
        webhook_url: str,
        post_webhooks: bool = False,
    ) -> None:
        super().__init__(records=records, clock=clock)
        self._webhook_secret = webhook_secret
        self.webhooks = SimulatedWebhooks(
            records=records, clock=clock, secret=webhook_secret, url=webhook_url, is_on=post_webhooks
        )
        self.faults = Faults()

    async def charge(
        self,
        *,
        amount_in_cents: int,
        customer_id: str,
        payment_method: str,
        description: str,
        key: str,
        metadata: dict[str, str],
        payout_account: str | None = None,
        platform_fee_in_cents: int = 0,
        first_tried_at: datetime | None = None,
    ) -> ChargeOutcome:
        now = self._clock.now()
        if (nothing := self.faults.at_the_door()) is not None:
            return nothing
        wanted = {
            "amount": amount_in_cents,
            "customer": customer_id,
            "payment_method": payment_method,
            "description": description,
            "metadata": metadata,
            "payout_account": payout_account,
            "platform_fee": platform_fee_in_cents,
        }
        looks_up = first_tried_at is not None and now - first_tried_at > LOOK_UP_AFTER
        slot, earlier = self._slot("payment_intents", key, finds_old=looks_up)
        if earlier is not None:
            return _charged_before(earlier, wanted)
        problem = self._problem(wanted)
        if problem is not None:
            return ChargeOutcome(ChargeState.DECLINED, reason=problem)
        intent = self._decide(wanted) | {
            "key": key,
            "fingerprint": _fingerprint(wanted),
            "created": int(now.timestamp()),
        }
        self._records.add("payment_intents", slot, intent)
        succeeded = intent["status"] == "succeeded"
        self.webhooks.tell(
            "payment_intent.succeeded" if succeeded else "payment_intent.payment_failed", as_intent(intent)
        )
        if self.faults.strikes("commit_then_unknown"):
            return ChargeOutcome(ChargeState.UNKNOWN, reason="ReadError")
        return _outcome(intent)

    async def refund(self, charge_id: str, *, amount_in_cents: int, key: str) -> ChargeOutcome:
        """The outcome's `charge_id` is the refund's own id."""
        if (nothing := self.faults.at_the_door()) is not None:
            return nothing
        wanted: dict[str, Any] = {"payment_intent": charge_id, "amount": amount_in_cents}
        slot, earlier = self._slot("refunds", key, finds_old=True)
        if earlier is not None:
            return _done_before(earlier, wanted)
        intent = next((one for one in self.intents() if one["id"] == charge_id), None)
        if intent is None or intent["status"] != "succeeded":
            return ChargeOutcome(ChargeState.DECLINED, reason="resource_missing")
        back = sum(refund["amount"] for refund in self.refunds() if refund["payment_intent"] == charge_id)
        if back == intent["amount"]:
            return ChargeOutcome(ChargeState.DECLINED, reason="charge_already_refunded")
        if not 0 < amount_in_cents <= intent["amount"] - back:
            return ChargeOutcome(ChargeState.DECLINED, reason="amount_too_large")
        refund: dict[str, Any] = wanted | {
            "id": new_id("re"),
            "key": key,
            "fingerprint": _fingerprint(wanted),
            "created": int(self._clock.now().timestamp()),
        }
        self._records.add("refunds", slot, refund)
        self.webhooks.tell("charge.refunded", as_charge(intent, refunded=back + amount_in_cents))
        if self.faults.strikes("commit_then_unknown"):
            return ChargeOutcome(ChargeState.UNKNOWN, reason="ReadError")
        return ChargeOutcome(ChargeState.SUCCEEDED, refund["id"])

    async def transfer(
        self,
        *,
        amount_in_cents: int,
        account: str,
        description: str,
        key: str,
        first_tried_at: datetime | None = None,
    ) -> ChargeOutcome:
        now = self._clock.now()
        if (nothing := self.faults.at_the_door()) is not None:
            return nothing
        wanted: dict[str, Any] = {"amount": amount_in_cents, "destination": account}
        looks_up = first_tried_at is not None and now - first_tried_at > LOOK_UP_AFTER
        slot, earlier = self._slot("transfers", key, finds_old=looks_up)
        if earlier is not None:
            return _done_before(earlier, wanted)
        if self.faults.decline_next is not None:
            reason, self.faults.decline_next = self.faults.decline_next, None
            return ChargeOutcome(ChargeState.DECLINED, reason=reason)
        if amount_in_cents < 1:
            return ChargeOutcome(ChargeState.DECLINED, reason="parameter_invalid_integer")
        if not await self.payout_account_ready(account):
            return ChargeOutcome(ChargeState.DECLINED, reason="insufficient_capabilities_for_transfer")
        sent = wanted | {
            "id": new_id("tr"),
            "key": key,
            "fingerprint": _fingerprint(wanted),
            "description": description,
            "created": int(now.timestamp()),
        }
        self._records.add("transfers", slot, sent)
        if self.faults.strikes("commit_then_unknown"):
            return ChargeOutcome(ChargeState.UNKNOWN, reason="ReadError")
        return ChargeOutcome(ChargeState.SUCCEEDED, sent["id"])

    def read_event(self, body: bytes, signature: str | None, now: datetime) -> PaymentEvent | None:
        try:
            if not signature or not is_signed(body, signature, (self._webhook_secret,)):
                return None
            return parse_event(body) if is_fresh(signature, now) else None
        except Exception:  # whatever a hostile header or body can provoke
            return None

    async def close(self) -> None:
        await self.webhooks.close()

    def intents(self) -> list[dict[str, Any]]:
        """Every PaymentIntent, declined ones too, in the order in which they were made."""
        return self._records.all("payment_intents")

    def refunds(self) -> list[dict[str, Any]]:
        return self._records.all("refunds")

    def transfers(self) -> list[dict[str, Any]]:
        return self._records.all("transfers")

    def _slot(self, kind: str, key: str, *, finds_old: bool) -> tuple[str, dict[str, Any] | None]:
        """Where this key's outcome is or belongs: a forgotten key (a day old) starts anew unless looked up."""
        slot, times = key, 1
        while (earlier := self._records.get(kind, slot)) is not None:
            age = self._clock.now().timestamp() - earlier["created"]
            if finds_old or age < KEY_LIFE.total_seconds():
                return slot, earlier
            times += 1
            slot = f"{key}#{times}"
        return slot, None

    def _problem(self, wanted: Mapping[str, Any]) -> str | None:
        """What Stripe refuses before it tries the card; such a refusal is not kept under the key."""
        if wanted["amount"] < LEAST_CENTS:
            return "amount_too_small"
        if wanted["amount"] > MOST_CENTS:
            return "amount_too_large"
        if self.attached(wanted["payment_method"], wanted["customer"]) is None:
            return "resource_missing"
        if wanted["payout_account"]:
            account = self._records.get("accounts", wanted["payout_account"])
            if account is None:
                return "resource_missing"
            if not account["ready"]:
                return "insufficient_capabilities_for_transfer"
            if not 0 <= wanted["platform_fee"] <= wanted["amount"]:
                return "parameter_invalid_integer"
        return None

    def _decide(self, wanted: dict[str, Any]) -> dict[str, Any]:
        card = self.attached(wanted["payment_method"], wanted["customer"]) or {}
        refusal = TEST_CARDS[card["test_card"]].on_charge
        if self.faults.decline_next is not None:
            refusal, self.faults.decline_next = Refusal("card_declined", self.faults.decline_next), None
        return wanted | {
            "id": new_id("pi"),
            "status": "succeeded" if refusal is None else "requires_payment_method",
            "code": None if refusal is None else refusal.code,
            "reason": None if refusal is None else refusal.reason,
        }


def _charged_before(earlier: dict[str, Any], wanted: dict[str, Any]) -> ChargeOutcome:
    """The answer to a key that was used: what became of it then, unless it was for other money."""
    if earlier["fingerprint"] == _fingerprint(wanted) or (
        earlier["amount"] == wanted["amount"] and earlier["customer"] == wanted["customer"]
    ):
        return _outcome(earlier)
    return ChargeOutcome(ChargeState.DECLINED, reason="idempotency_error")


def _done_before(earlier: Mapping[str, Any], wanted: Mapping[str, Any]) -> ChargeOutcome:
    """The answer to a key that has sent or given back money before."""
    if earlier["fingerprint"] != _fingerprint(wanted):
        return ChargeOutcome(ChargeState.DECLINED, reason="idempotency_error")
    return ChargeOutcome(ChargeState.SUCCEEDED, earlier["id"])


def _outcome(intent: Mapping[str, Any]) -> ChargeOutcome:
    if intent["status"] == "succeeded":
        return ChargeOutcome(ChargeState.SUCCEEDED, intent["id"])
    asks = intent["reason"] == AUTHENTICATION_REQUIRED.reason
    state = ChargeState.NEEDS_CARDHOLDER if asks else ChargeState.DECLINED
    return ChargeOutcome(state, intent["id"], intent["reason"])


def _fingerprint(wanted: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
