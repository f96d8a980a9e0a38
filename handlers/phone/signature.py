"""Whether the phone company signed a request: an HMAC under the account's token over the URL as it was configured
and every parameter as it was received. A body that is no form is covered by its hash in the signed URL.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlsplit, urlunsplit

from twilio.request_validator import RequestValidator

DEFAULT_PORTS = {"https": 443, "http": 80}


class Values(dict[str, list[str]]):
    """Every value of every name, in the form that the library's validator understands."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def is_signed(url: str, values: Mapping[str, list[str]], signature: str, *, tokens: Iterable[str]) -> bool:
    """Whether one of the tokens made this signature, for the URL with or without its port. In constant time."""
    given = signature.encode("utf-8", "surrogatepass")
    signed = Values(values)
    found = False
    for token in tokens:
        validator = RequestValidator(token)
        for form in url_forms(url):
            right = validator.compute_signature(form, signed).encode()
            found |= hmac.compare_digest(right, given)
    return found


def url_forms(url: str) -> tuple[str, ...]:
    """The URL without its port, and with the one it has or the scheme's own: the phone company signs either."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    name = host if parts.port is None else host.rpartition(":")[0]
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return tuple(urlunsplit(parts._replace(netloc=netloc)) for netloc in (name, f"{name}:{port}"))


def is_hashed(url: str, body: bytes) -> bool:
    """Whether the URL's bodySHA256 is that of the body."""
    hashes = parse_qs(urlsplit(url).query).get("bodySHA256", [])
    right = hashlib.sha256(body).hexdigest().encode()
    return len(hashes) == 1 and hmac.compare_digest(right, hashes[0].encode("utf-8", "surrogatepass"))
