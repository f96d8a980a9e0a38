"""Exports as somebody could make them by hand, and what an import leaves in the database."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from store.database import Database

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
Parts = dict[str, list[dict[str, Any]]]
ANN: dict[str, Any] = {
    "id": 7,
    "uuid": UUID,
    "first_name": "Ann",
    "last_name": "Lee",
    "email": "ann@example.com",
    "email_verified": True,
    "phone": "+13125550123",
    "username": "ann.lee",
    "slug": "ann-lee",
    "timezone": "America/Chicago",
    "is_staff": True,
    "password_hash": "$argon2id$planted",
    "sign_ins": [{"contract": "heroes", "expires": "2027-01-01T00:00:00Z"}],
}


def written(path: Path, parts: Parts, *, files: dict[str, bytes] | None = None, **manifest: Any) -> Path:
    """An export with these parts, as somebody could make it by hand."""
    contents = {f"data/{name}.json": json.dumps(rows).encode() for name, rows in parts.items()}
    contents |= files or {}
    listed = {name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in contents.items()}
    facts = {"format": "thserver-person", "version": 1, "files": listed, **manifest}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(facts))
    return path


async def everything(database: Database) -> dict[str, int]:
    return {
        name: await getattr(database, name)._collection.count_documents({})
        for name in (
            "people",
            "heroes",
            "skills",
            "contacts",
            "availability",
            "mentor_profiles",
            "media_files",
        )
    }
