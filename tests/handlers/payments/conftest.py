"""desk   posts events as the card company does, and tells what has become of them"""

from __future__ import annotations

import pytest

from tests.booking_makers import World
from tests.clients.http import Api
from tests.handlers.payments.webhook_makers import Desk
from thserver.gateways.simulated_payments import SimulatedPayments


@pytest.fixture
def desk(world: World, api: Api, payments: SimulatedPayments) -> Desk:
    return Desk(world, api, payments)
