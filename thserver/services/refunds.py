"""Giving money back: written down first, asked for under a key of its own, and entered by what is known to be given."""

from __future__ import annotations

from datetime import timedelta

from store.database import Database
from thserver import kill_points
from thserver.domain.charges import Charge, Refund
from thserver.domain.errors import Conflict, Invalid, NotFound, PaymentRefused, WrongState
from thserver.domain.ports import ChargeState, Clock, Payments
from thserver.services.background import one_of_many
from thserver.services.charge_news import ChargeNews

ASK_AGAIN_AFTER = timedelta(minutes=1)

kill_points.POINTS |= {
    "refund.written": "the refund is written down; nothing has been asked of the card company",
    "refund.answered": "the card company has answered; the outcome is not recorded",
    "refund.noted": "the charge knows the refund; the request for it is still open",
}


class Refunds:
    def __init__(self, *, database: Database, clock: Clock, payments: Payments, news: ChargeNews) -> None:
        self._charges = database.charges
        self._clock = clock
        self._payments = payments
        self._news = news

    async def refund(
        self, charge_id: str, amount_in_cents: int | None = None, *, key: str | None = None
    ) -> Charge:
        """Give so much of a paid charge back, or all that is left. Asking twice under one key gives it once.

        Raises NotFound, WrongState for what was not paid, Invalid(amount_in_cents=…), Conflict when so much is
        not left or the key was used for another amount, PaymentRefused when the card company would not.
        An outcome that is not known yet is looked for by the sweep.
        """
        charge = await self._charges.get(charge_id)
        if charge is None:
            raise NotFound
        if charge.payment_id is None:
            raise WrongState
        used = next((each for each in charge.refunds if each.key == key), None) if key else None
        if used is None:
            amount = charge.refundable_in_cents if amount_in_cents is None else amount_in_cents
            used = await self._write_down(charge, amount, key)
        elif amount_in_cents not in (None, used.amount_in_cents):
            raise Conflict
        if used.is_open:
            reason = await self._ask(charge, used)
        else:
            reason = used.reason
        if reason is not None:
            raise PaymentRefused(reason)
        found = await self._charges.get(charge_id)
        assert found is not None
        return found

    async def finish_open(self) -> int:
        """Ask again about refunds whose outcome was not recorded. Says how many."""
        now = self._clock.now()
        asked = 0
        for charge in await self._charges.refunding(before=now - ASK_AGAIN_AFTER):
            for refund in charge.refunds:
                if refund.is_open and refund.made <= now - ASK_AGAIN_AFTER:
                    with one_of_many(f"refund {refund.key}"):
                        await self._ask(charge, refund)
                    asked += 1
        return asked

    async def _write_down(self, charge: Charge, amount_in_cents: int, key: str | None) -> Refund:
        if amount_in_cents <= 0:
            if charge.refunded_in_cents:
                raise Conflict
            raise Invalid(amount_in_cents="too_small")
        refund = Refund(
            key=key or f"{len(charge.refunds) + 1}",
            amount_in_cents=amount_in_cents,
            made=self._clock.now(),
        )
        written = await self._charges.ask_refund(charge.id, refund)
        if written is None:
            # So much is not left, or another request under this key came in between.
            raise Conflict
        kill_points.reached("refund.written")
        return refund

    async def _ask(self, charge: Charge, refund: Refund) -> str | None:
        """The reason why it was refused for good; None when it was given or is not known yet."""
        assert charge.payment_id is not None
        outcome = await self._payments.refund(
            charge.payment_id,
            amount_in_cents=refund.amount_in_cents,
            key=f"refund:{charge.id}:{refund.key}",
        )
        kill_points.reached("refund.answered")
        if outcome.state is ChargeState.SUCCEEDED and outcome.charge_id is not None:
            await self._charges.note_refunded(
                charge.id,
                now=self._clock.now(),
                refund_id=outcome.charge_id,
                amount_in_cents=refund.amount_in_cents,
            )
            kill_points.reached("refund.noted")
            await self._charges.end_refund(
                charge.id, refund.key, payment_refund_id=outcome.charge_id, reason=None
            )
            await self._news.tell(charge.id)
            return None
        if outcome.state in (ChargeState.DECLINED, ChargeState.NEEDS_CARDHOLDER):
            reason = outcome.reason or "refused"
            await self._charges.end_refund(charge.id, refund.key, payment_refund_id=None, reason=reason)
            return reason
        return None
