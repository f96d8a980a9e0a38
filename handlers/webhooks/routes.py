"""Routes for those who let others build on the service: endpoints of webhooks and the log of deliveries."""

from __future__ import annotations

from handlers.base import Handler, unknown_path
from handlers.webhooks import deliveries, endpoints
from handlers.webhooks.dialect import DIALECT

AN_ENDPOINT = r"/webhooks/endpoints/(ep_[0-9a-f]{24})"
A_DELIVERY = r"/webhooks/deliveries/(msg_[0-9a-f]{32})"

ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/webhooks/event-types/?", endpoints.EventTypes),
    (r"/webhooks/endpoints/?", endpoints.Endpoints),
    (rf"{AN_ENDPOINT}/?", endpoints.Endpoint),
    (rf"{AN_ENDPOINT}/rotate/?", endpoints.Rotate),
    (rf"{AN_ENDPOINT}/enable/?", endpoints.Enable),
    (rf"{AN_ENDPOINT}/disable/?", endpoints.Disable),
    (rf"{AN_ENDPOINT}/test/?", endpoints.Test),
    (rf"{AN_ENDPOINT}/replay/?", endpoints.Replay),
    (r"/webhooks/deliveries/?", deliveries.Deliveries),
    (rf"{A_DELIVERY}/?", deliveries.Delivery),
    (rf"{A_DELIVERY}/replay/?", deliveries.Replay),
    (r"/webhooks(?:/.*)?", unknown_path(DIALECT)),
]
