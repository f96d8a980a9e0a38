"""A person: one account, whichever contract created it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from thserver.domain.media import image_id_in

ZONES = frozenset(available_timezones())


@dataclass(slots=True, kw_only=True)
class Person:
    """`id` is the integer shared by all contracts with integer ids, `uuid` the id in heroes; neither is reused.

    `phone` is E.164 and there only when proven; `phone_pending` waits for its code. `email` is there from
    registration on; `email_pending` waits for its token. `slug` names the person's room; it is made when he
    first becomes a host and never changes. `image_url` is his picture, uploaded or elsewhere on the web.
    `hidden_phone` keeps his number from those who do not have it already. `closed` is when he closed the
    account; what is left then is a placeholder for other people's records. `guest_email` is where somebody is
    reached who has no account at all and only stands in a booking: nobody can sign in to it.
    """

    id: int
    uuid: str
    first_name: str = ""
    last_name: str = ""
    email: str | None = None
    email_verified: bool = False
    email_pending: str | None = None
    guest_email: str | None = None
    phone: str | None = None
    phone_pending: str | None = None
    username: str | None = None
    password_hash: str | None = None
    timezone: str = "UTC"
    bio: str = ""
    image_url: str | None = None
    hidden_phone: bool = False
    slug: str | None = None
    is_active: bool = True
    is_staff: bool = False
    email_notifications: bool = True
    is_mentor: bool = False
    is_mentee: bool = False
    created: datetime
    updated: datetime
    closed: datetime | None = None

    @property
    def avatar_id(self) -> str | None:
        """The uploaded picture's id; None where the picture, if any, is elsewhere."""
        return image_id_in(self.image_url)

    @property
    def mail_address(self) -> str | None:
        return self.email or self.guest_email

    @property
    def has_account(self) -> bool:
        """Whether others may find him: not once he has closed it, and not if he never had one."""
        return self.closed is None and self.guest_email is None

    @property
    def phone_verified(self) -> bool:
        return self.phone is not None

    @property
    def full_name(self) -> str:
        return full_name(self.first_name, self.last_name, self.username)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def wants_mail(self) -> bool:
        """Whether news may be mailed: codes and account mails go out whatever this says."""
        return self.is_active and self.email_notifications


def full_name(first_name: str, last_name: str, username: str | None) -> str:
    """What others call somebody."""
    return f"{first_name} {last_name}".strip() or username or "Somebody"


def names_of(name: str) -> tuple[str, str]:
    """A single name as first and last name, so that the two together show it exactly as it was."""
    first, _, last = name.strip().partition(" ")
    return first, last


class Face(NamedTuple):
    """What a list shows of a person. Lists are long, and a whole Person is not needed there."""

    id: int
    username: str | None
    first_name: str
    last_name: str
    image_url: str | None

    @property
    def full_name(self) -> str:
        return full_name(self.first_name, self.last_name, self.username)


def is_zone(name: str) -> bool:
    """Whether this is an IANA zone. Example: America/Chicago."""
    return name in ZONES


def slug_of(name: str) -> str:
    """`Tom Brady` → `tom-brady`; a name without any Latin letter or digit becomes `host`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-") or "host"


def slug_candidates(name: str) -> Iterator[str]:
    """The slug and its numbered successors, in the order in which they are tried."""
    base = slug_of(name)
    yield base
    yield from (f"{base}-{n}" for n in range(2, 10_000))


def normal_email(address: str) -> str:
    """The form in which addresses are kept and compared: trimmed, lower case, NFC."""
    return unicodedata.normalize("NFC", address.strip()).lower()
