"""`thserver indexes`: makes the indexes that are missing and lists all of them."""

from __future__ import annotations

import argparse
import asyncio

from rich.console import Console
from rich.table import Table

from config.settings import Settings
from store.database import COLLECTIONS
from thserver import logs
from thserver.commands.reach import settings_like_the_service
from thserver.storage import opened

HELP = "make the missing indexes, list all of them"


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(given: argparse.Namespace) -> int:
    settings = settings_like_the_service()
    logs.configure(settings, quiet=True)
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    async with opened(settings) as database:
        missing = await database.missing_indexes()
        await database.ensure_indexes()
        table = Table("collection", "index", "keys", "unique", "")
        for collection in COLLECTIONS.values():
            for index in (model.document for model in collection.indexes):
                table.add_row(
                    collection.name,
                    index["name"],
                    ", ".join(index["key"]),
                    "unique" if index.get("unique") else "",
                    "made now" if f"{collection.name}.{index['name']}" in missing else "",
                )
    Console().print(table)
    return 0
