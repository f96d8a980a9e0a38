"""What is kept for so many days and no longer."""

from __future__ import annotations

from thserver.services.all import Services


async def forget_old(services: Services) -> int:
    """Take away old rings, reports of the phone company, texts and e-mails."""
    return await services.retention.forget_old()
