"""The base of the routes for webhooks: for staff, in plain words, and every change recorded."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from handlers.base import Handler
from handlers.webhooks.dialect import DIALECT
from thserver.domain.staff_actions import Actor


class WebhooksHandler(Handler):
    dialect = DIALECT

    def recorded(self, action: str, subject: str, **details: str) -> AbstractAsyncContextManager[int]:
        """Write down what the block does before it is done, and how it ended."""
        actor = Actor(self.me.id, self.me.full_name)
        return self.services.staff_actions.recorded(
            actor=actor, action=action, subject=subject, details=details
        )
