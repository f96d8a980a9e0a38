"""Python's search for garbage in cycles, made to cost what it is worth."""

from __future__ import annotations

import gc

# Objects made, and searches of one generation, before a search; Python's own are 700, 10, 10.
THRESHOLDS = (20_000, 50, 50)


def search_less() -> None:
    """To be called once everything is imported and made that stays: that is never looked through again.

    A page of a hundred people is made of thousands of objects that are gone with its answer, and Python would look
    through the whole service several times meanwhile: a quarter of the time of most requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
