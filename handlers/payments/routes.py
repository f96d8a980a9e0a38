"""Our own payment routes, beside contract heroes, which ends their prefix; and the card company's webhook."""

from __future__ import annotations

from handlers.base import Handler
from handlers.payments import charges, methods, webhook

CLIENT_ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/api/v1/payments/setup-intent/?", methods.SetupIntent),
    (r"/api/v1/payments/methods/?", methods.Methods),
    (r"/api/v1/payments/methods/([A-Za-z0-9_]{1,255})/?", methods.Method),
    (r"/api/v1/payments/payout-account/?", methods.PayoutAccount),
    (r"/api/v1/payments/charges/?", charges.Charges),
    # The 404 that ends this prefix is in contract heroes.
]
ROUTES: list[tuple[str, type[Handler]]] = [
    *CLIENT_ROUTES,
    (r"/payments/stripe/webhook/?", webhook.Webhook),
]
