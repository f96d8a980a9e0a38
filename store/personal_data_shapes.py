"""What a person is shown of a document that is about him, and of everything that is never shown to anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from thserver.domain import ledger
from thserver.domain.circles import Level

Document = dict[str, Any]

# Never in an export, wherever in a document: secrets, hashes of secrets, and what only helps ourselves.
SECRET = frozenset(
    {
        "password_hash", "hash", "token_hash", "hashes", "sealed", "instead", "secrets", "pins", "token", "pin",
        "code", "raw",
    }
)  # fmt: skip
INTERNAL = frozenset(
    {
        "fence", "lease", "lease_until", "taken", "open_pair", "open_host", "search", "next_at", "untold",
        "pending", "unapplied", "on_the_way", "letter_due", "hero_outdated", "closing", "to_tell", "claims",
    }
)  # fmt: skip


@dataclass
class Subject:
    """Whose data is read, and what was found so far: later questions follow from earlier answers."""

    person_id: int
    phones: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    found: dict[str, list[Document]] = field(default_factory=dict)

    def ids(self, name: str) -> list[Any]:
        """The ids of what was found in this collection."""
        return [each["_id"] for each in self.found.get(name, ())]

    @property
    def call_sids(self) -> set[str]:
        return {
            leg["call_sid"]
            for conference in self.found.get("conferences", ())
            for leg in conference["legs"]
            if leg["person_id"] == self.person_id
        } | set(self.ids("calls"))


def subjects(subject: Subject) -> list[str]:
    """What staff may have done something to that is his."""
    paid = [each["_id"] for each in subject.found.get("charges", ()) if each["payer_id"] == subject.person_id]
    return [
        f"person {subject.person_id}",
        *(f"charge {charge_id}" for charge_id in paid),
        *(f"conference {sid}" for sid in subject.ids("conferences")),
        *(f"{row['kind']} {row['ref']}" for row in subject.found.get("outbox", ())),
    ]


def account(document: Document, subject: Subject) -> Document:
    tokens = document.pop("tokens", [])
    return {
        **document,
        "sign_ins": [{"contract": each["contract"], "expires": each["expires"]} for each in tokens],
    }


# What a host sees of a charge: not with which card his guest pays.
OF_HOST = (
    "_id", "kind", "state", "payer_id", "host_id", "booking_id", "conference_sid", "rate_in_cents", "minutes",
    "intervals", "amount_in_cents", "platform_fee_in_cents", "refunded_in_cents", "created", "updated",
)  # fmt: skip


def charge(document: Document, subject: Subject) -> Document | None:
    if document["payer_id"] == subject.person_id:
        return document
    if document.get("host_id") == subject.person_id:
        return {name: document[name] for name in OF_HOST if name in document}
    return None


def accounts(subject: Subject) -> list[str]:
    return [account(subject.person_id) for account in (ledger.due, ledger.owed, ledger.transferred)]


def entry(document: Document, subject: Subject) -> Document:
    own = set(accounts(subject))
    return {**document, "legs": [leg for leg in document["legs"] if leg["account"] in own]}


def call(document: Document, subject: Subject) -> Document:
    """What was said to a caller is in the steps' names; the answers themselves hold addresses of ours."""
    return {**document, "steps": [each["key"] for each in document.get("steps", ())]}


def conference(document: Document, subject: Subject) -> Document:
    """Who came and left when is everybody's; the others' telephones are not."""
    legs = [
        leg if leg["person_id"] == subject.person_id else {**leg, "call_sid": None}
        for leg in document["legs"]
    ]
    return {**document, "legs": legs}


def conference_event(document: Document, subject: Subject) -> Document | None:
    return document if document.get("call_sid") in {None, *subject.call_sids} else None


def text_event(document: Document, subject: Subject) -> Document:
    posted = [each for each in document.get("posted", ()) if "Sid" not in each["name"]]
    return {**document, "posted": posted}


def friendship(document: Document, subject: Subject) -> Document | None:
    if document["holder_id"] == subject.person_id:
        return document
    # Whoever stands on somebody's grey list is never told.
    if document["level"] == Level.GREY_LIST.value:
        return None
    return {
        name: document[name]
        for name in ("_id", "holder_id", "level", "status", "created", "updated")
        if name in document
    }


def windows(document: Document, subject: Subject) -> Document:
    windows = [
        {**each, "starts": _moment(each["starts"]), "ends": _moment(each["ends"])}
        for each in document.get("windows", ())
    ]
    return {**document, "windows": windows}


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def review(document: Document, subject: Subject) -> Document | None:
    people = (document["reviewer_id"], document["reviewee_id"])
    return document if subject.person_id in people else None


def shown(value: Any) -> Any:
    """The same for JSON: without secrets and without what only helps ourselves; `_id` is `id`, times are UTC."""
    match value:
        case dict():
            return {
                "id" if name == "_id" else name: shown(item)
                for name, item in value.items()
                if name not in SECRET and name not in INTERNAL and not isinstance(item, bytes)
            }
        case list() | tuple():
            return [shown(item) for item in value]
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case ObjectId():
            return str(value)
        case _:
            return value
