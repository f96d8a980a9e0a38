"""What the pages load: style sheets, modules and pictures from `assets/`, each asked for anew and kept by its ETag."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from handlers.access import anyone
from handlers.console.base import ConsoleHandler
from thserver.domain.errors import NotFound

ASSETS = Path(__file__).parent / "assets"
TYPES = {
    ".css": "text/css; charset=UTF-8",
    ".js": "text/javascript; charset=UTF-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}


class Asset(ConsoleHandler):
    """/console/assets/<file>. No secret is in any, and the page for signing in needs them too."""

    @anyone
    async def get(self, name: str) -> None:
        path = ASSETS / name
        if path.suffix not in TYPES or not path.is_file():
            raise NotFound
        content = path.read_bytes()
        self.set_header("Content-Type", TYPES[path.suffix])
        self.set_header("Cache-Control", "no-cache")
        self.clear_header("Vary")
        self.set_header("ETag", tag_of(content))
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
            return
        self.finish(content)


@functools.lru_cache(maxsize=64)
def tag_of(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'
