"""Invitations and notices of passing that a process that died has left unsaid."""

from __future__ import annotations

from thserver.services.all import Services


async def tell_circles(services: Services) -> int:
    """Write the mails that are due and were not written."""
    return await services.invitations.mail_left_over() + await services.death_notices.tell_left_over()
