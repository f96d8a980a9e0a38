"""What follows from a change of a charge: its entry in the ledger, receipts, and word of a card that was not taken.

The news is in the charge itself, written in the same update as the change, and taken out when all is done.
Everything done here has a deterministic key, so that doing it twice is once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from store.database import Database
from thserver import kill_points
from thserver.domain import ledger
from thserver.domain.charges import UNPAID, Charge, Kind, News
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.background import one_of_many
from thserver.services.outbox import Outbox
from thserver.wording import receipts

LEFT_OVER_AFTER = timedelta(seconds=5)

kill_points.POINTS |= {
    "charge.entered": "the ledger has its entry; nobody has a receipt",
    "charge.receipted": "one of the two has a receipt",
    "charge.told": "the receipts are written; the news of the charge is still there",
}


class ChargeNews:
    def __init__(self, *, database: Database, clock: Clock, outbox: Outbox, web_domain: str) -> None:
        self._charges = database.charges
        self._ledger = database.ledger
        self._people = database.people
        self._wallets = database.wallets
        self._clock = clock
        self._outbox = outbox
        self._web_domain = web_domain
        self._subscribers: list[Callable[[Charge, News], Awaitable[None]]] = []

    def subscribe(self, subscriber: Callable[[Charge, News], Awaitable[None]]) -> None:
        """Have this told of the news of charges: at least once, so twice must be like once."""
        self._subscribers.append(subscriber)

    async def tell(self, charge_id: str) -> None:
        """Do whatever the news of this charge asks for."""
        charge = await self._charges.get(charge_id)
        if charge is None:
            return
        for news in charge.news:
            act = self._acts().get(news.what)
            if act is not None:
                await act(charge, news)
            for subscriber in self._subscribers:
                await subscriber(charge, news)
            kill_points.reached("charge.told")
            await self._charges.told(charge.id, news.id)

    async def tell_left_over(self) -> int:
        """Do what a process that died has left; says for how many charges."""
        left = await self._charges.untold(before=self._clock.now() - LEFT_OVER_AFTER)
        for charge_id in left:
            with one_of_many(f"news of charge {charge_id}"):
                await self.tell(charge_id)
        return len(left)

    def _acts(self) -> dict[str, Callable[[Charge, News], Awaitable[None]]]:
        return {
            "billed": self._enter_bill,
            "free": self._send_receipts,
            "carried": self._send_receipts,
            "paid": self._enter_payment,
            "refunded": self._enter_refund,
            "declined": self._tell_unpaid,
            "needs_cardholder": self._tell_unpaid,
            "no_card": self._tell_unpaid,
            "dead": self._tell_unpaid,
        }

    async def _enter_bill(self, charge: Charge, news: News) -> None:
        await self._ledger.add(ledger.billed(charge, news.at))

    async def _enter_payment(self, charge: Charge, news: News) -> None:
        carried = await self._charges.many(charge.carries)
        payment = ledger.paid(charge, carried, news.at)
        await self._ledger.add(payment)
        await self._note_kept(payment)
        await self._charges.paid_with(charge.carries, charge.id, now=news.at)
        kill_points.reached("charge.entered")
        await self._send_receipts(charge, news)

    async def _enter_refund(self, charge: Charge, news: News) -> None:
        before, _, after = news.detail.partition("-")
        payment = await self._ledger.get(ledger.paid_id(charge.id))
        if payment is None:
            payment = ledger.paid(charge, await self._charges.many(charge.carries), news.at)
        given = ledger.refunded(charge, payment, before=int(before), after=int(after), at=news.at)
        await self._ledger.add(given)
        await self._note_kept(given)
        payer = await self._people.get(charge.payer_id)
        if payer is not None and payer.email:
            await self._outbox.add_letter(
                key=f"refunded:{charge.id}:{news.detail}",
                to=payer.email,
                person_id=payer.id,
                template="refunded",
                facts={
                    **self._facts(charge, payer, None),
                    "given_back_in_cents": int(after) - int(before),
                    "altogether_in_cents": int(after),
                },
                booking_id=charge.booking_id,
                purpose="receipt",
            )

    async def _note_kept(self, entry: ledger.Entry) -> None:
        """Whose kept shares it changes: noted after the entry, so that whoever looks then finds it."""
        for leg in entry.legs:
            host_id = ledger.whose_owed(leg.account)
            if host_id is not None:
                await self._wallets.something_kept(host_id, at=self._clock.now())

    async def _send_receipts(self, charge: Charge, news: News) -> None:
        people = await self._people.many([charge.payer_id, *([charge.host_id] if charge.host_id else [])])
        payer, host = people.get(charge.payer_id), people.get(charge.host_id or 0)
        if payer is not None:
            text = (
                receipts.fee_text(charge)
                if charge.kind is Kind.CANCELATION
                else receipts.guest_text(charge, _name(host), payer.zone)
            )
            template = "receipt_fee" if charge.kind is Kind.CANCELATION else "receipt_guest"
            await self._send(charge, payer, host, template=template, text=text)
        kill_points.reached("charge.receipted")
        if host is not None and charge.kind is Kind.CALL:
            text = receipts.host_text(charge, _name(payer), host.zone)
            await self._send(charge, host, payer, template="receipt_host", text=text)

    async def _send(
        self, charge: Charge, reader: Person, other: Person | None, *, template: str, text: str
    ) -> None:
        key = f"receipt:{charge.id}:{reader.id}"
        if reader.email:
            await self._outbox.add_letter(
                key=f"{key}:letter",
                to=reader.email,
                person_id=reader.id,
                template=template,
                facts=self._facts(charge, reader, other),
                booking_id=charge.booking_id,
                purpose="receipt",
            )
        if reader.phone:
            await self._outbox.add_text(
                key=key,
                to=reader.phone,
                person_id=reader.id,
                body=text,
                purpose="receipt",
                booking_id=charge.booking_id,
            )

    async def _tell_unpaid(self, charge: Charge, news: News) -> None:
        if charge.state not in UNPAID:
            return
        payer = await self._people.get(charge.payer_id)
        if payer is None:
            return
        key = f"unpaid:{charge.id}:{news.id}"
        host = await self._people.get(charge.host_id) if charge.host_id is not None else None
        facts = self._facts(charge, payer, host)
        if payer.email:
            await self._outbox.add_letter(
                key=f"{key}:letter",
                to=payer.email,
                person_id=payer.id,
                template="card_declined",
                facts=facts,
                booking_id=charge.booking_id,
                purpose="receipt",
            )
        if payer.phone:
            await self._outbox.add_text(
                key=key,
                to=payer.phone,
                person_id=payer.id,
                body=receipts.declined_text(charge, self._web_domain),
                purpose="receipt",
                booking_id=charge.booking_id,
            )

    def _facts(self, charge: Charge, reader: Person, other: Person | None) -> dict[str, Any]:
        """What the letters about a charge are made of; times are worded here, as the reader's zone is known."""
        return {
            "charge": charge.id,
            "kind": charge.kind.value,
            "state": charge.state.value,
            "reason": charge.reason,
            "booking_id": charge.booking_id,
            "other_name": _name(other),
            "day": receipts.day(charge.intervals[0][0], reader.zone) if charge.intervals else "",
            "spans": receipts.spans(charge.intervals, reader.zone) if charge.intervals else "",
            "working": receipts.working(charge),
            "minutes": charge.minutes,
            "rate_in_cents": charge.rate_in_cents,
            "amount_in_cents": charge.amount_in_cents,
            "carried_in_cents": charge.carried_in_cents,
            "total_in_cents": charge.total_in_cents,
            "fee_in_cents": charge.platform_fee_in_cents,
            "share_in_cents": charge.host_share_in_cents,
            "is_too_small": charge.is_too_small,
            "is_passed_on": charge.payout_account is not None,
            "card": receipts.card(charge) if charge.attempts else "",
            "payments_url": f"https://{self._web_domain}/payments",
        }


def _name(person: Person | None) -> str:
    return person.full_name if person is not None else "somebody"
