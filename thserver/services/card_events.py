"""What the card company posts to us: kept once by its id, applied afterwards to the charge that the money is about.

Repeats, disorder and two events for one change are normal: an effect is keyed on the payment, refund or dispute,
never on the event.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from store.card_events import CardEvent, CardEvents
from store.database import Database
from thserver.domain import ledger
from thserver.domain.charges import Attempt, Charge, attempt_of_key
from thserver.domain.ports import ChargeOutcome, ChargeState, Clock, PaymentEvent, Payments
from thserver.services.background import Background, one_of_many
from thserver.services.charge_news import ChargeNews
from thserver.services.charging import Charging
from thserver.services.payouts import Payouts

log = logging.getLogger("thserver.card_events")

LEASE = timedelta(seconds=30)
# An event about something that we do not know (yet) is looked at again, for so long.
ORPHANS_FOR = timedelta(days=3)
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=6)

# Of an event's object only this is kept: no name, address or part of a card.
PLAIN_FACTS = (
    "id", "object", "status", "amount", "amount_received", "amount_refunded", "amount_reversed", "payment_intent", "customer",
    "charge", "charges_enabled", "payouts_enabled", "currency",
)  # fmt: skip
# False for a key that is nobody's.
HeardOfOther = Callable[[str, str, int], Awaitable[bool]]
Apply = Callable[[CardEvent], Awaitable[bool]]


class CardEventDesk:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        background: Background,
        payments: Payments,
        charging: Charging,
        news: ChargeNews,
        payouts: Payouts,
        livemode: bool,
    ) -> None:
        self._events: CardEvents = database.card_events
        self._charges = database.charges
        self._wallets = database.wallets
        self._ledger = database.ledger
        self._clock = clock
        self._background = background
        self._payments = payments
        self._charging = charging
        self._news = news
        self._payouts = payouts
        self._livemode = livemode
        self._heard_of_other: HeardOfOther | None = None
        # Returns False when the event is about something that we do not know.
        self._appliers: dict[str, Apply] = {
            "payment_intent.succeeded": self._intent_succeeded,
            "payment_intent.payment_failed": self._intent_failed,
            "payment_intent.requires_action": self._intent_failed,
            "payment_intent.canceled": self._intent_failed,
            "charge.refunded": self._charge_refunded,
            "refund.created": self._refund_made,
            "refund.updated": self._refund_made,
            "charge.refund.updated": self._refund_made,
            "refund.failed": self._refund_made,
            "charge.dispute.funds_withdrawn": self._dispute_lost,
            "charge.dispute.funds_reinstated": self._dispute_won,
            "transfer.reversed": self._transfer_reversed,
            "account.updated": self._account_updated,
            "payment_method.detached": self._card_detached,
        }

    def when_other_payment(self, act: HeardOfOther) -> None:
        """What is to be done about a payment that is for no charge: given its key, its id and the cents taken."""
        self._heard_of_other = act

    def read(self, body: bytes, signature: str | None) -> PaymentEvent | None:
        """The authentic event in a raw body, or None."""
        return self._payments.read_event(body, signature, self._clock.now())

    async def receive(self, event: PaymentEvent) -> None:
        """Keep an authentic event, and apply it after the answer."""
        if event.livemode is not self._livemode:
            log.error("event %s is for livemode=%s: ignored", event.id, event.livemode)
            return
        state = "new" if event.type in self._appliers else "ignored"
        kept = CardEvent(
            id=event.id,
            type=event.type[:100],
            facts=facts_of(event.object),
            state=state,
            received=self._clock.now(),
        )
        if await self._events.add(kept):
            self._background.soon(f"card event {event.id}", lambda: self.apply(event.id))

    async def apply_due(self) -> int:
        """Apply what was kept and not applied, and look again at what nobody knew. Says how many."""
        ready = await self._events.ready(self._clock.now())
        for event_id in ready:
            with one_of_many(f"card event {event_id}"):
                await self.apply(event_id)
        return len(ready)

    async def apply(self, event_id: str) -> None:
        now = self._clock.now()
        event = await self._events.claim(event_id, now=now, until=now + LEASE)
        if event is None:
            return
        apply = self._appliers.get(event.type)
        if apply is None:
            await self._events.finish(event.id, "ignored")
        elif await apply(event):
            await self._events.finish(event.id, "applied")
        elif now < event.received + ORPHANS_FOR:
            pause = min(FIRST_PAUSE * 2 ** min(event.tries, 20), LONGEST_PAUSE)
            await self._events.finish(event.id, "orphan", next_at=now + pause)
        else:
            log.error("card event %s (%s) is about nothing that we know", event.id, event.type)
            await self._events.finish(event.id, "orphan")

    async def _intent_succeeded(self, event: CardEvent) -> bool:
        charge, attempt = await self._attempt(event.facts)
        if charge is None or attempt is None:
            return await self._other_payment(event, is_paid=True)
        if event.facts.get("amount_received") != attempt.total_in_cents:
            log.error("event %s says another amount than charge %s", event.id, charge.id)
            return False
        await self._charging.record(charge, attempt, ChargeOutcome(ChargeState.SUCCEEDED, event.facts["id"]))
        await self._news.tell(charge.id)
        return True

    async def _intent_failed(self, event: CardEvent) -> bool:
        charge, attempt = await self._attempt(event.facts)
        if charge is None or attempt is None:
            return await self._other_payment(event, is_paid=False)
        reason = event.facts.get("reason")
        needs_holder = "authentication_required" in (reason, event.facts.get("code")) or (
            event.type.endswith("requires_action")
        )
        state = ChargeState.NEEDS_CARDHOLDER if needs_holder else ChargeState.DECLINED
        await self._charging.record(
            charge, attempt, ChargeOutcome(state, event.facts["id"], reason or "declined")
        )
        await self._news.tell(charge.id)
        return True

    async def _charge_refunded(self, event: CardEvent) -> bool:
        charge = await self._paid_charge(event.facts)
        altogether = event.facts.get("amount_refunded")
        if charge is None or type(altogether) is not int:
            return False
        return await self._refunded(charge, altogether_in_cents=altogether)

    async def _refund_made(self, event: CardEvent) -> bool:
        charge = await self._paid_charge(event.facts)
        refund_id, amount, status = (event.facts.get(name) for name in ("id", "amount", "status"))
        if charge is None or not isinstance(refund_id, str) or type(amount) is not int:
            return False
        if not await self._refunded(charge, refund_id=refund_id, amount_in_cents=amount):
            return False
        if status in ("failed", "canceled"):
            # Entered as given above, whatever came first, so that this sets it right in any order.
            log.error("refund %s of charge %s did not reach the card", refund_id, charge.id)
            await self._ledger.add(ledger.refund_failed(charge, refund_id, amount, self._clock.now()))
        return True

    async def _dispute_lost(self, event: CardEvent) -> bool:
        return await self._enter_dispute(event, is_won=False)

    async def _dispute_won(self, event: CardEvent) -> bool:
        return await self._enter_dispute(event, is_won=True)

    async def _transfer_reversed(self, event: CardEvent) -> bool:
        transfer_id, altogether = event.facts.get("id"), event.facts.get("amount_reversed")
        if not isinstance(transfer_id, str) or type(altogether) is not int:
            return False
        return await self._payouts.reversed(transfer_id, altogether)

    async def _account_updated(self, event: CardEvent) -> bool:
        facts = event.facts
        is_ready = bool(
            facts.get("charges_enabled")
            and facts.get("payouts_enabled")
            and facts.get("transfers", "active") == "active"
        )
        return await self._wallets.set_payout_ready(str(facts.get("id")), is_ready, now=self._clock.now())

    async def _card_detached(self, event: CardEvent) -> bool:
        await self._wallets.remove_card(str(event.facts.get("id")), now=self._clock.now())
        return True

    async def _refunded(self, charge: Charge, **given: Any) -> bool:
        noted = await self._charges.note_refunded(charge.id, now=self._clock.now(), **given)
        await self._news.tell(charge.id)
        return noted

    async def _enter_dispute(self, event: CardEvent, *, is_won: bool) -> bool:
        charge = await self._paid_charge(event.facts)
        dispute_id, amount = event.facts.get("id"), event.facts.get("amount")
        if charge is None or not isinstance(dispute_id, str) or type(amount) is not int:
            return False
        log.error("charge %s is disputed (%s, won=%s)", charge.id, dispute_id, is_won)
        await self._ledger.add(
            ledger.dispute(charge, dispute_id, amount, is_won=is_won, at=self._clock.now())
        )
        return True

    async def _attempt(self, facts: Mapping[str, Any]) -> tuple[Charge | None, Attempt | None]:
        """The charge and the attempt that a PaymentIntent belongs to, by the key in its metadata."""
        named = attempt_of_key(str(facts.get("charge_key") or ""))
        if named is None:
            return None, None
        charge_id, number = named
        charge = await self._charges.get(charge_id)
        attempts = charge.attempts if charge is not None else ()
        attempt = next((each for each in attempts if each.number == number), None)
        if attempt is not None and facts.get("customer") != attempt.customer_id:
            return charge, None
        return charge, attempt

    async def _other_payment(self, event: CardEvent, *, is_paid: bool) -> bool:
        """Money under a key that is not a charge's. False when nobody knows it."""
        if self._heard_of_other is None:
            return False
        amount = event.facts.get("amount_received") if is_paid else 0
        if type(amount) is not int:
            return False
        key, payment_id = str(event.facts.get("charge_key") or ""), str(event.facts["id"])
        return await self._heard_of_other(key, payment_id, amount)

    async def _paid_charge(self, facts: Mapping[str, Any]) -> Charge | None:
        payment_id = facts.get("payment_intent")
        return await self._charges.with_payment(payment_id) if isinstance(payment_id, str) else None


def facts_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an event's object: plain values of known names, and what identifies the attempt."""
    facts: dict[str, Any] = {}
    for name in PLAIN_FACTS:
        value = found.get(name)
        if isinstance(value, bool | str) or (type(value) is int and abs(value) < 2**53):
            facts[name] = value[:300] if isinstance(value, str) else value
    metadata = found.get("metadata")
    if isinstance(metadata, Mapping) and isinstance(metadata.get("charge_key"), str):
        facts["charge_key"] = metadata["charge_key"][:300]
    error = found.get("last_payment_error")
    if isinstance(error, Mapping):
        for name, ours in (("code", "code"), ("decline_code", "reason")):
            if isinstance(error.get(name), str):
                facts[ours] = error[name][:100]
        facts.setdefault("reason", facts.get("code"))
    capabilities = found.get("capabilities")
    if isinstance(capabilities, Mapping) and isinstance(capabilities.get("transfers"), str):
        facts["transfers"] = capabilities["transfers"][:100]
    return facts
