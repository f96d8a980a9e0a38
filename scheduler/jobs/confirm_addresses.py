"""Letters about their addresses to those at whose registration a process died."""

from __future__ import annotations

from thserver.services.all import Services


async def confirm_addresses(services: Services) -> int:
    return await services.confirmations.mail_left_over()
