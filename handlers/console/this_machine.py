"""Whether a request comes from a person at this very machine, and from no web page from elsewhere in his browser."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via")


def is_loopback(host: str | None) -> bool:
    """Whether a name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def comes_from_here(request: HTTPServerRequest, *, public_url: str) -> bool:
    """`public_url` is where others reach the service, if they do: what hands their requests on sits at this machine,
    too, and need not say that it does."""
    headers, host = request.headers, request.host
    try:
        name = urlsplit(f"//{host}").hostname
        origin = urlsplit(headers.get("Origin", f"http://{host}")).netloc
    except ValueError:
        return False
    if public_url and not is_loopback(urlsplit(public_url).hostname):
        return False
    return (
        is_loopback(request.remote_ip)
        # Which no browser speaks, but proxies do.
        and request.version != "HTTP/1.0"
        and is_loopback(name)
        and origin == host
        and not any(header in headers for header in FORWARDED)
    )
