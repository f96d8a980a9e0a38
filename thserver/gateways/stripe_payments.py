"""The card company: Stripe, through its own library's asynchronous client."""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import stripe
from stripe.params import PaymentIntentCreateParams, RefundCreateParams

from thserver.domain.errors import Invalid, Unavailable
from thserver.domain.ports import Card, ChargeOutcome, ChargeState, Clock, PaymentEvent
from thserver.gateways import stripe_outcomes as outcomes
from thserver.gateways.clock import SystemClock
from thserver.gateways.payment_events import is_fresh, parse_event
from thserver.gateways.stripe_lookup import CHARGE_KEY, REFUND_KEY, find_charge, find_refund
from thserver.gateways.stripe_transfers import transfer
from thserver.gateways.stripe_transport import StripeTransport

log = logging.getLogger(__name__)

# Stripe forgets a key after 24 hours or more; an hour less leaves room for a slow request and a wrong clock.
KEY_LIFE = timedelta(hours=23)
LOOK_BACK = timedelta(hours=1)
MOST_CARDS = 100
# No card holder is there to be sent to another page.
CARDS_ONLY: Any = {"enabled": True, "allow_redirects": "never"}
AN_ID = re.compile(r"[A-Za-z]{2,12}_[A-Za-z0-9_]{1,200}")


class StripePayments:
    """Retries are the outbox's business: the library makes none, and every key is ours."""

    def __init__(
        self,
        *,
        secret_key: str,
        publishable_key: str,
        api_base: str = "",
        webhook_secrets: tuple[str, ...] = (),
        livemode: bool = False,
        currency: str = "usd",
        timeout_s: float = 8,
        clock: Clock | None = None,
    ) -> None:
        """`api_base` replaces scheme and host of every request. `livemode` says what the keys are for."""
        # The library would keep an id in the home directory, and log bodies with client secrets at DEBUG.
        stripe.enable_telemetry = False
        logging.getLogger("stripe").setLevel(logging.WARNING)
        self.publishable_key = publishable_key
        self.livemode = livemode
        self._webhook_secrets = webhook_secrets
        self._currency = currency
        self._clock: Clock = clock or SystemClock()
        self._transport = StripeTransport(timeout_s=timeout_s)
        base = api_base.rstrip("/")
        addresses = {"api": base, "connect": base, "files": base, "meter_events": base} if base else {}
        self._api = stripe.StripeClient(
            secret_key,
            base_addresses=addresses,  # type: ignore[arg-type]
            http_client=self._transport,
            max_network_retries=0,
        ).v1

    async def create_customer(self, person_id: int, *, email: str | None, key: str) -> str:
        # The address may change between two tries, and other parameters under one key are an error.
        with outcomes.refusals("create customer"):
            made = await self._api.customers.create_async(
                {"metadata": {"person_id": str(person_id)}}, {"idempotency_key": key}
            )
            customer_id = made.id
        if email:
            await self._update_customer(customer_id, {"email": email})
        return customer_id

    async def create_setup_intent(self, customer_id: str) -> str:
        with outcomes.refusals("create setup intent"):
            setup = await self._api.setup_intents.create_async(
                {"customer": customer_id, "usage": "off_session", "allowed_payment_method_types": ["card"]},
                _fresh_key("setup"),
            )
            if not setup.client_secret:
                raise Unavailable
            return setup.client_secret

    async def confirm_card(self, customer_id: str, payment_method: str) -> Card:
        if not AN_ID.fullmatch(payment_method):
            raise Invalid(payment_method="unknown")
        with outcomes.refusals("confirm card"):
            made = await self._api.setup_intents.create_async(
                {
                    "customer": customer_id,
                    "payment_method": payment_method,
                    "usage": "off_session",
                    "confirm": True,
                    "automatic_payment_methods": CARDS_ONLY,
                    "expand": ["payment_method"],
                },
                _fresh_key("confirm"),
            )
            setup = made.to_dict()
            if setup["status"] != "succeeded":
                raise outcomes.setup_refusal(setup)
            card = outcomes.card_shown(setup["payment_method"])
        await self._update_customer(customer_id, {"invoice_settings": {"default_payment_method": card.id}})
        return card

    async def cards(self, customer_id: str) -> list[Card]:
        with outcomes.refusals("list cards"):
            page = await self._api.payment_methods.list_async(
                {"customer": customer_id, "type": "card", "limit": MOST_CARDS}
            )
            return [outcomes.card_shown(method.to_dict()) for method in page.data]

    async def detach_card(self, payment_method: str) -> None:
        """Unknown and detached cards are as good as detached now."""
        if not AN_ID.fullmatch(payment_method):
            return
        with outcomes.refusals("detach card"):
            try:
                await self._api.payment_methods.detach_async(payment_method, None, _fresh_key("detach"))
            except stripe.InvalidRequestError as error:
                outcomes.note("detach card", error)

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
        since = (first_tried_at or now - KEY_LIFE) - LOOK_BACK
        params: PaymentIntentCreateParams = {
            "amount": amount_in_cents,
            "currency": self._currency,
            "customer": customer_id,
            "payment_method": payment_method,
            "automatic_payment_methods": CARDS_ONLY,
            "confirm": True,
            "off_session": True,
            "description": description,
            "metadata": {**metadata, CHARGE_KEY: key},
        }
        if payout_account:
            params["transfer_data"] = {"destination": payout_account}
            if platform_fee_in_cents > 0:
                params["application_fee_amount"] = platform_fee_in_cents
        try:
            if first_tried_at is not None and now - first_tried_at > KEY_LIFE:
                found = await find_charge(self._api, customer_id, key, since=since)
                if found is not None:
                    return outcomes.of_intent(found, is_old=True)
        except Exception as error:
            outcomes.note("look for charge", error)
            return ChargeOutcome(ChargeState.UNKNOWN, reason="lookup_failed")
        try:
            made = (await self._api.payment_intents.create_async(params, {"idempotency_key": key})).to_dict()
            if made["status"] == "processing":
                # A repeated key shows the intent as it was at first; this shows it as it is.
                made = (await self._api.payment_intents.retrieve_async(made["id"])).to_dict()
            return outcomes.of_intent(made)
        except Exception as error:
            outcomes.note("charge", error)
            outcome = outcomes.of_error(error)
            if _may_hide_a_charge(error):
                return await self._revealed(outcome, customer_id, key, amount_in_cents, since=since)
            return outcome

    async def refund(self, charge_id: str, *, amount_in_cents: int, key: str) -> ChargeOutcome:
        """The outcome's `charge_id` is the refund's own id. What a hero was given comes back in proportion."""
        if not AN_ID.fullmatch(charge_id):
            return ChargeOutcome(ChargeState.DECLINED, reason="resource_missing")
        try:
            intent = (await self._api.payment_intents.retrieve_async(charge_id)).to_dict()
            # Always asked for first: a refund may be tried again long after its key was forgotten.
            earlier = await find_refund(self._api, charge_id, key)
        except stripe.InvalidRequestError as error:
            return outcomes.of_error(error)
        except Exception as error:
            outcomes.note("look at charge", error)
            return ChargeOutcome(ChargeState.RETRY, reason="lookup_failed")
        if earlier is not None and earlier["amount"] != amount_in_cents:
            return ChargeOutcome(ChargeState.DECLINED, reason="idempotency_error")
        if earlier is not None:
            return outcomes.of_refund(earlier)
        params: RefundCreateParams = {
            "payment_intent": charge_id,
            "amount": amount_in_cents,
            "metadata": {REFUND_KEY: key},
        }
        if intent.get("transfer_data"):
            params["reverse_transfer"] = True
            if intent.get("application_fee_amount"):
                params["refund_application_fee"] = True
        try:
            made = await self._api.refunds.create_async(params, {"idempotency_key": key})
            return outcomes.of_refund(made.to_dict())
        except Exception as error:
            outcomes.note("refund", error)
            return outcomes.of_error(error)

    async def transfer(
        self,
        *,
        amount_in_cents: int,
        account: str,
        description: str,
        key: str,
        first_tried_at: datetime | None = None,
    ) -> ChargeOutcome:
        is_old = first_tried_at is not None and self._clock.now() - first_tried_at > KEY_LIFE
        return await transfer(
            self._api,
            amount_in_cents=amount_in_cents,
            currency=self._currency,
            account=account,
            description=description,
            key=key,
            looks_first=is_old,
        )

    async def create_payout_account(self, person_id: int, *, email: str | None, key: str) -> str:
        with outcomes.refusals("create payout account"):
            made = await self._api.accounts.create_async(
                {
                    "type": "express",
                    "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
                    "metadata": {"person_id": str(person_id)},
                },
                {"idempotency_key": key},
            )
            account_id = made.id
        if email:
            try:
                await self._api.accounts.update_async(account_id, {"email": email}, _fresh_key("account"))
            except Exception as error:
                outcomes.note("update payout account", error)
        return account_id

    async def payout_onboarding_url(self, account_id: str, *, return_url: str) -> str:
        with outcomes.refusals("create account link"):
            link = await self._api.account_links.create_async(
                {
                    "account": account_id,
                    "type": "account_onboarding",
                    "return_url": return_url,
                    "refresh_url": return_url,
                },
                _fresh_key("link"),
            )
            return link.url

    async def payout_account_ready(self, account_id: str) -> bool:
        with outcomes.refusals("look at payout account"):
            account = (await self._api.accounts.retrieve_async(account_id)).to_dict()
            able = (account.get("capabilities") or {}).get("transfers", "active") == "active"
            return bool(account.get("charges_enabled") and account.get("payouts_enabled") and able)

    def read_event(self, body: bytes, signature: str | None, now: datetime) -> PaymentEvent | None:
        """Whether `livemode` is ours is for the caller to compare."""
        if signature is None or not any(
            _is_signed_with(secret, body, signature) for secret in self._webhook_secrets
        ):
            return None
        try:
            return parse_event(body) if is_fresh(signature, now) else None
        except Exception as error:
            log.warning("An authentic Stripe event could not be read: %s", type(error).__name__)
            return None

    async def close(self) -> None:
        await self._transport.close_async()

    async def _update_customer(self, customer_id: str, changes: Any) -> None:
        """What is nice to have at the card company, and not worth failing for."""
        try:
            await self._api.customers.update_async(customer_id, changes, _fresh_key("customer"))
        except Exception as error:
            outcomes.note("update customer", error)

    async def _revealed(
        self, outcome: ChargeOutcome, customer_id: str, key: str, amount_in_cents: int, *, since: datetime
    ) -> ChargeOutcome:
        """The outcome of the charge that an error may hide. Not found proves nothing: the error's outcome then."""
        try:
            found = await find_charge(self._api, customer_id, key, since=since)
        except Exception as error:
            outcomes.note("look for charge", error)
            return ChargeOutcome(ChargeState.UNKNOWN, reason=outcome.reason)
        if found is None or found["amount"] != amount_in_cents:
            return outcome
        return outcomes.of_intent(found)


def _fresh_key(doing: str) -> Any:
    """Options with a key of ours for a request that is harmless when repeated."""
    return {"idempotency_key": f"{doing}:{uuid4()}"}


def _may_hide_a_charge(error: Exception) -> bool:
    """A repeated key answers with the first answer, be it a 500, and with an error when a parameter differs."""
    return isinstance(error, stripe.IdempotencyError) or (
        isinstance(error, stripe.StripeError) and (error.http_status or 0) >= 500
    )


def _is_signed_with(secret: str, body: bytes, signature: str) -> bool:
    try:
        return stripe.WebhookSignature.verify_header(body, signature, secret)
    except Exception:
        # Its own error, but also TypeError, UnicodeDecodeError … for hostile headers and bodies.
        return False
