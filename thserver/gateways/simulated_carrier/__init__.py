"""A phone company that needs no account: it does to the service what the real one does."""

from thserver.gateways.simulated_carrier.calls import SimulatedCall
from thserver.gateways.simulated_carrier.carrier import HIDDEN_NUMBER, SimulatedCarrier
from thserver.gateways.simulated_carrier.webhooks import Faults

__all__ = ["HIDDEN_NUMBER", "Faults", "SimulatedCall", "SimulatedCarrier"]
