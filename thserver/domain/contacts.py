"""Address books: numbers with the names that their owner has for them."""

from __future__ import annotations

from collections.abc import Sequence

from thserver.domain.errors import Invalid

# In one import, and in one address book.
MOST_AT_ONCE = 10_000
MOST_KEPT = 20_000
MOST_BLOCKED = 10_000


def check_import(names: Sequence[str], phones: Sequence[str], *, own: str | None) -> None:
    """One name for each number, each number once, and not one's own. Raises Invalid."""
    if len(names) != len(phones):
        raise Invalid(contacts="unequal_lengths")
    if len(phones) > MOST_AT_ONCE:
        raise Invalid(phones="too_many")
    if len(set(phones)) != len(phones):
        raise Invalid(phones="duplicates")
    if own is not None and own in phones:
        raise Invalid(phones="own_phone")
