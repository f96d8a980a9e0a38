"""Pictures in GridFS: written through the asyncio client, served to Tornado by Motor's handler.

A picture's document in `media.files` is its row, and GridFS writes it after the last chunk: there is no row without
its file. What may be left behind is noted first, as a doubt; a sweep looks into every doubt that has grown old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridfs import AsyncGridFSBucket
from gridfs.errors import CorruptGridFile, NoFile
from motor.motor_tornado import MotorClient
from motor.web import GridFSHandler
from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from store.collection import Collection, translated
from store.connection import TIMEOUTS, Connection
from thserver.domain.errors import NotFound
from thserver.domain.media import Purpose, thumb_id

BUCKET = "media"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A picture that may be nobody's: being uploaded, or about to be replaced."""

    image_id: str
    owner_id: int
    purpose: Purpose


class MediaFiles(Collection):
    """GridFS's own index, under GridFS's own name."""

    name = f"{BUCKET}.files"
    indexes = (
        IndexModel([("filename", ASCENDING), ("uploadDate", ASCENDING)], name="filename_1_uploadDate_1"),
    )


class MediaChunks(Collection):
    name = f"{BUCKET}.chunks"
    indexes = (IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], name="files_id_1_n_1", unique=True),)


class Media(Collection):
    """The bucket, and the doubts."""

    name = "media_doubts"
    indexes = (IndexModel([("purpose", ASCENDING), ("since", ASCENDING)], name="since"),)

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._database = database
        self._bucket = AsyncGridFSBucket(database, BUCKET)
        self._motor: Any = None

    async def add(
        self,
        image_id: str,
        *,
        data: bytes,
        thumb: bytes,
        owner_id: int,
        purpose: Purpose,
        now: datetime,
    ) -> None:
        """Keep a picture and its thumbnail. They are in doubt until the sweep finds that somebody shows them."""
        await self.doubt(image_id, owner_id=owner_id, purpose=purpose, now=now)
        about = {"owner_id": owner_id, "purpose": purpose}
        # The thumbnail first: whoever sees the picture can count on it.
        for name, content in ((thumb_id(image_id), thumb), (image_id, data)):
            await self._bucket.upload_from_stream_with_id(name, name, content, metadata=about)

    async def doubt(self, image_id: str, *, owner_id: int, purpose: Purpose, now: datetime) -> None:
        await self._collection.update_one(
            {"_id": image_id},
            {"$set": {"since": now}, "$setOnInsert": {"owner_id": owner_id, "purpose": purpose}},
            upsert=True,
        )

    async def doubts(self, purpose: Purpose, *, before: datetime, limit: int = 200) -> list[Doubt]:
        """Doubts older than this, the oldest first."""
        query = {"purpose": purpose, "since": {"$lte": before}}
        cursor = self._collection.find(query).sort("since").limit(limit)
        return [Doubt(found["_id"], found["owner_id"], found["purpose"]) async for found in cursor]

    async def trust(self, image_ids: Iterable[str], *, before: datetime) -> None:
        """These are shown by somebody; but a doubt that was renewed meanwhile stays."""
        await self._collection.delete_many({"_id": {"$in": list(image_ids)}, "since": {"$lte": before}})

    async def owned(self, image_id: str, owner_id: int) -> bool:
        found = await self._database[MediaFiles.name].find_one(
            {"_id": image_id, "metadata.owner_id": owner_id}, {"_id": 1}
        )
        return found is not None

    async def remove(self, image_id: str) -> None:
        """Take away the picture, its thumbnail, and whatever an upload that broke off has left of them."""
        for name in (image_id, thumb_id(image_id)):
            try:
                await self._bucket.delete(name)
            except NoFile:
                continue  # The chunks, if any, are gone all the same.
        await self._collection.delete_one({"_id": image_id})

    def for_motor(self) -> Any:
        """The same database as Motor knows it; its client is made at the first use."""
        if self._motor is None:
            connection = self._database.client
            assert isinstance(connection, Connection)
            self._motor = MotorClient(connection.uri, tz_aware=True, maxPoolSize=20, **TIMEOUTS)
        return self._motor[self._database.name]

    async def close(self) -> None:
        if self._motor is not None:
            await asyncio.to_thread(self._motor.close)
            self._motor = None


class FileServer(GridFSHandler):
    """Motor's handler, finding files by their id and refusing in our words."""

    def get_gridfs_file(self, bucket: Any, filename: str, request: Any) -> Any:
        return bucket.open_download_stream(filename)

    async def get(self, path: str, include_body: bool = True) -> None:
        try:
            await super().get(path, include_body)
        except CorruptGridFile as error:
            # Taken away while it was being sent.
            raise NotFound from error
        except PyMongoError as error:
            raise translated(error) from error
