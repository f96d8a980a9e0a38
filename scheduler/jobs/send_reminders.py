"""Reminders of calls that are about to start."""

from __future__ import annotations

from thserver.services.all import Services


async def send_reminders(services: Services) -> int:
    """Remind everybody whose call is about to start and who was not reminded yet."""
    return await services.reminders.send_due()
