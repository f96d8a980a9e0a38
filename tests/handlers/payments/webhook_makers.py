"""Events as the card company posts them, and the calls that they are about."""

from __future__ import annotations

from typing import Any

from tests.booking_makers import World
from tests.clients.http import Answer, Api
from tests.money_makers import Call, charge_of, make_call, settle
from thserver.domain.charges import State
from thserver.gateways.simulated_payments import SimulatedPayments

PATH = "/payments/stripe/webhook"


def an_event(
    kind: str, found: dict[str, Any], *, id: str = "evt_1", livemode: bool = False
) -> dict[str, Any]:
    return {
        "id": id,
        "object": "event",
        "type": kind,
        "livemode": livemode,
        "created": 1772467200,
        "data": {"object": found},
    }  # fmt: skip


class Desk:
    """Posts events as the card company does."""

    def __init__(self, world: World, api: Api, payments: SimulatedPayments) -> None:
        self.world, self.api, self.payments = world, api, payments

    async def post(self, event: dict[str, Any]) -> Answer:
        body, signature = self.payments.webhooks.signed(event)
        return await self.send(body, signature)

    async def send(self, body: bytes, signature: str | None) -> Answer:
        headers = {"Stripe-Signature": signature} if signature is not None else {}
        answer = await self.api("POST", PATH, raw=body, headers=headers)
        await self.world.services.background.idle()
        return answer

    async def events(self) -> list[str]:
        found = []
        for state in ("new", "applied", "ignored", "orphan"):
            found += [event.id for event in await self.world.database.card_events.in_state(state)]
        return found


async def in_doubt(world: World, payments: SimulatedPayments) -> tuple[Call, dict[str, Any]]:
    """A call whose money was taken while the answer got lost, and the event of it."""
    call = await make_call(world)
    payments.faults.commit_then_unknown = 1
    await settle(world)
    assert (await charge_of(world, call.charge_id)).state is State.UNKNOWN
    return call, payments.webhooks.events()[-1]


async def paid(world: World) -> tuple[Call, str]:
    call = await make_call(world)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert charge.payment_id is not None
    return call, charge.payment_id
