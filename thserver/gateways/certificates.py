"""Whom a connection over TLS believes: read once for the process, since that takes tens of milliseconds."""

from __future__ import annotations

import asyncio
import functools
import ssl


@functools.cache
def _read() -> ssl.SSLContext:
    import httpx  # A fifth of the time of a start; most of them never call anybody.

    return httpx.create_ssl_context()


async def public_certificates() -> ssl.SSLContext:
    """For `verify` of an HTTPX client; without it, each client reads all certificates anew and holds up the loop."""
    return await asyncio.to_thread(_read)
