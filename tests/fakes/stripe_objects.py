"""What Stripe keeps and the rules it keeps them by: customers, cards, intents, refunds, accounts, transfers; no HTTP."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from thserver.gateways.simulated_cards import TEST_CARDS, Refusal


class Fault(StrEnum):
    """What goes wrong with one POST."""

    COMMIT_THEN_DROP = "commit_then_drop"
    DROP = "drop"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    KEY_IN_USE = "key_in_use"
    TOO_MANY = "too_many"
    DELAY = "delay"  # done, but the answer comes after `delay_s`
    GARBLED = "garbled"  # done, but the answer is not JSON
    PROCESSING = "processing"  # a PaymentIntent that takes its time
    NONE = "none"  # nothing: lets a request pass to reach the next


class StripeError(Exception):
    def __init__(self, status: int, type_: str, message: str, **more: Any) -> None:
        self.status = status
        self.body = {"error": {"type": type_, "message": message, **more}}
        super().__init__(message)


def card_error(refusal: Refusal, **more: Any) -> StripeError:
    error: dict[str, Any] = {"code": refusal.code, **more}
    if refusal.decline_code:
        error["decline_code"] = refusal.decline_code
    return StripeError(402, "card_error", "Your card was declined.", **error)


def invalid(message: str, **more: Any) -> StripeError:
    return StripeError(400, "invalid_request_error", message, **more)


def missing(kind: str, id: str, param: str) -> StripeError:
    return invalid(f"No such {kind}: '{id}'", code="resource_missing", param=param)


class StripeObjects:
    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.faults: deque[Fault] = deque()
        self.objects: dict[str, dict[str, Any]] = {}

    def intents(self) -> list[dict[str, Any]]:
        return self._all("payment_intent")

    def refunds(self) -> list[dict[str, Any]]:
        return self._all("refund")

    def transfers(self) -> list[dict[str, Any]]:
        return self._all("transfer")

    def money_taken(self) -> int:
        return sum(intent["amount_received"] for intent in self.intents())

    def attach(self, customer: str, test_card: str) -> str:
        """What a browser does with a client secret: its holder confirms the card. The card's id."""
        card = self._new_card(test_card)
        card["customer"] = customer
        return card["id"]

    def complete_onboarding(self, account: str) -> None:
        self.objects[account].update(
            charges_enabled=True, payouts_enabled=True, capabilities={"transfers": "active"}
        )

    def route(self, method: str, path: str, form: dict[str, Any]) -> dict[str, Any]:
        match (method, *path.split("/")):
            case ("POST", "customers"):
                return self._make("cus", "customer", email=None, invoice_settings={}, **form)
            case ("POST", "customers", id):
                if "@" not in form.get("email", "@"):
                    raise invalid(f"Invalid email address: {form['email']}", code="email_invalid")
                return self._change(id, "customer", form)
            case ("POST", "setup_intents"):
                return self._set_up(form)
            case ("POST", "payment_intents"):
                return self._charge(form)
            case ("GET", "payment_intents", id):
                return self._find(id, "payment_intent", "intent")
            case ("GET", "payment_intents"):
                return self._list("payment_intent", form)
            case ("GET", "payment_methods"):
                self._find(form["customer"], "customer", "customer")
                return self._list("payment_method", form)
            case ("POST", "payment_methods", id, "detach"):
                if self._find(id, "payment_method", "payment_method")["customer"] is None:
                    raise invalid("The payment method is not attached to a customer")
                return self._change(id, "payment_method", {"customer": None})
            case ("POST", "refunds"):
                return self._refund(form)
            case ("GET", "refunds"):
                return self._list("refund", form)
            case ("POST", "transfers"):
                return self._transfer(form)
            case ("GET", "transfers"):
                return self._list("transfer", form)
            case ("POST", "accounts"):
                more = {"charges_enabled": False, "payouts_enabled": False}
                return self._make(
                    "acct", "account", **form | more | {"capabilities": {"transfers": "inactive"}}
                )
            case ("POST", "accounts", id):
                return self._change(id, "account", form)
            case ("GET", "accounts", id):
                return self._find(id, "account", "account")
            case ("POST", "account_links"):
                self._find(form["account"], "account", "account")
                url = f"https://connect.stripe.example/setup/e/{form['account']}"
                return {"object": "account_link", "url": url, "expires_at": int(self.now()) + 300}
        raise StripeError(404, "invalid_request_error", f"Unrecognized request URL ({method}: /v1/{path})")

    def _set_up(self, form: dict[str, Any]) -> dict[str, Any]:
        self._find(form["customer"], "customer", "customer")
        setup = {"customer": form["customer"], "usage": form["usage"], "payment_method": None}
        if form.get("confirm") != "true":
            made = self._make("seti", "setup_intent", **setup, status="requires_payment_method")
            made["client_secret"] = f"{made['id']}_secret_{secrets.token_hex(8)}"
            return made
        given = form["payment_method"]
        if given in TEST_CARDS:
            card = self._new_card(given)
            if TEST_CARDS[given].on_setup is not None:
                refusal = TEST_CARDS[given].on_setup
                assert refusal is not None
                made = self._make("seti", "setup_intent", **setup, status="requires_payment_method")
                raise card_error(refusal, setup_intent=made)
            if TEST_CARDS[given].asks_on_setup:
                return self._make("seti", "setup_intent", **setup, status="requires_action")
            card["customer"] = form["customer"]
        else:
            card = self._find(given, "payment_method", "payment_method")
            if card["customer"] != form["customer"]:
                raise invalid("The payment method you provided is attached to another customer.")
        made = self._make("seti", "setup_intent", **setup, status="succeeded")
        expands = "payment_method" in form.get("expand", {}).values()
        return made | {"payment_method": card if expands else card["id"]}

    def _charge(self, form: dict[str, Any]) -> dict[str, Any]:
        amount = int(form["amount"])
        if amount < 50:
            raise invalid("Amount must be at least $0.50 usd", code="amount_too_small", param="amount")
        if amount > 99_999_999:
            raise invalid("Amount must be no more than $999,999.99", code="amount_too_large", param="amount")
        if (form.get("confirm"), form.get("off_session")) != ("true", "true"):
            raise invalid("This stand-in knows only confirmed off-session charges")
        self._find(form["customer"], "customer", "customer")
        card = self._find(form["payment_method"], "payment_method", "payment_method")
        if card["customer"] != form["customer"]:
            raise invalid("The PaymentMethod does not belong to the Customer you supplied.")
        destination = form.get("transfer_data", {}).get("destination")
        if (
            destination
            and not self._find(destination, "account", "transfer_data[destination]")["charges_enabled"]
        ):
            code = "insufficient_capabilities_for_transfer"
            raise invalid("Your destination account needs the transfers capability", code=code)
        fee = form.get("application_fee_amount")
        intent = self._make(
            "pi",
            "payment_intent",
            **{name: form[name] for name in ("currency", "customer", "payment_method", "description")},
            amount=amount,
            amount_received=0,
            metadata=form.get("metadata", {}),
            transfer_data=form.get("transfer_data"),
            application_fee_amount=int(fee) if fee else None,
            last_payment_error=None,
            status="requires_confirmation",
        )
        refusal = TEST_CARDS[card["test_card"]].on_charge
        if refusal is not None:
            error = card_error(refusal)
            intent.update(status="requires_payment_method", last_payment_error=error.body["error"])
            raise card_error(refusal, payment_intent=dict(intent))
        if self.faults and self.faults[0] is Fault.PROCESSING:
            self.faults.popleft()
            intent["status"] = "processing"
        else:
            intent.update(status="succeeded", amount_received=amount)
        return dict(intent)

    def _refund(self, form: dict[str, Any]) -> dict[str, Any]:
        intent = self._find(form["payment_intent"], "payment_intent", "payment_intent")
        if form.get("reverse_transfer") == "true" and not intent["transfer_data"]:
            raise invalid("Cannot reverse transfer: the charge has none")
        before = sum(one["amount"] for one in self.refunds() if one["payment_intent"] == intent["id"])
        if before == intent["amount_received"]:
            raise invalid("Charge has already been refunded.", code="charge_already_refunded")
        if int(form["amount"]) > intent["amount_received"] - before:
            raise invalid("Refund amount is greater than unrefunded amount")
        return self._make("re", "refund", **form | {"amount": int(form["amount"])}, status="succeeded")

    def _transfer(self, form: dict[str, Any]) -> dict[str, Any]:
        account = self._find(form["destination"], "account", "destination")
        if account["capabilities"].get("transfers") != "active":
            code = "insufficient_capabilities_for_transfer"
            raise invalid("Your destination account needs the transfers capability", code=code)
        return self._make("tr", "transfer", **form | {"amount": int(form["amount"])}, reversed=False)

    def _new_card(self, test_card: str) -> dict[str, Any]:
        known = TEST_CARDS[test_card]
        shown = {"brand": known.brand, "last4": known.last4, "exp_month": 12, "exp_year": 2034}
        return self._make("pm", "payment_method", type="card", customer=None, card=shown, test_card=test_card)

    def _make(self, prefix: str, kind: str, **fields: Any) -> dict[str, Any]:
        id = f"{prefix}_{secrets.token_hex(12)}"
        made = {"id": id, "object": kind, "livemode": False, "created": int(self.now()), **fields}
        self.objects[id] = made
        return made

    def _change(self, id: str, kind: str, changes: dict[str, Any]) -> dict[str, Any]:
        found = self._find(id, kind, kind)
        found.update(changes)
        return found

    def _find(self, id: str, kind: str, param: str) -> dict[str, Any]:
        found = self.objects.get(id)
        if found is None or found["object"] != kind:
            raise missing(kind, id, param)
        return found

    def _all(self, kind: str) -> list[dict[str, Any]]:
        return [found for found in self.objects.values() if found["object"] == kind]

    def _list(self, kind: str, form: dict[str, Any]) -> dict[str, Any]:
        since = int(form.get("created", {}).get("gte", 0))
        found = [
            one
            for one in reversed(self._all(kind))
            if one["created"] >= since
            and all(
                one[name] == form[name]
                for name in ("customer", "payment_intent", "destination", "transfer_group")
                if name in form
            )
        ]
        if "starting_after" in form:
            found = found[[one["id"] for one in found].index(form["starting_after"]) + 1 :]
        limit = int(form.get("limit", 10))
        return {
            "object": "list",
            "url": f"/v1/{kind}s",
            "has_more": len(found) > limit,
            "data": found[:limit],
        }
