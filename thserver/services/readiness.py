"""Whether the service can do its work now."""

from __future__ import annotations

from store.database import Database


class Readiness:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def missing(self) -> list[str]:
        """The indexes that are missing. Raises Unavailable when the database does not answer."""
        return await self._database.missing_indexes()

    async def make_indexes(self) -> None:
        await self._database.ensure_indexes()
