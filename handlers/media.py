"""Pictures that people uploaded, served from GridFS by Motor's handler to whoever knows their address."""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from handlers import bodies
from handlers.access import anyone_slowly
from handlers.base import Handler, unknown_path
from handlers.dialect import Dialect
from thserver.domain import errors
from thserver.services.media import FileServer

# A reader slower than this is cut off.
LONGEST_S = 60.0
TYPES = {"jpg": "image/jpeg", "png": "image/png"}


class MediaDialect(Dialect):
    name = "media"
    words = {
        errors.Refusal: (400, "The request could not be done."),
        errors.NotSignedIn: (401, "Sign in first."),
        errors.NotAllowed: (403, "This is not for you."),
        errors.NotFound: (404, "Not found."),
        errors.Conflict: (409, "Something was there first."),
        errors.Throttled: (429, "Too many tries."),
        errors.Unavailable: (503, "The service is temporarily unavailable."),
        bodies.TooLarge: (413, "The request is too large."),
    }


DIALECT = MediaDialect()


class MediaFile(FileServer, Handler):  # type: ignore[misc]
    """/media/<id>.<extension>: what is under an id never changes, so it may be kept for ever."""

    dialect = DIALECT

    def initialize(self) -> None:  # type: ignore[override]
        super().initialize(self.services.media.for_motor(), root_collection=self.services.media.bucket)

    @anyone_slowly
    async def get(self, path: str, include_body: bool = True) -> None:
        # The entity tag says all; Motor would stumble over a date that is none.
        self.request.headers.pop("If-Modified-Since", None)
        try:
            async with asyncio.timeout(LONGEST_S):
                await super().get(path, include_body)
        except TimeoutError as error:
            raise errors.Unavailable from error
        except StreamClosedError:
            return  # The reader has gone.

    def set_extra_headers(self, path: str, gridout: Any) -> None:
        self.set_header("Content-Type", TYPES[path.rpartition(".")[2]])
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("Content-Disposition", f'attachment; filename="{path}"')
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.clear_header("Expires")
        # Motor compares one tag only; here are lists, weak tags and the star.
        if self.check_etag_header():
            self.request.headers["If-None-Match"] = self._headers["Etag"]

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        if self._headers_written:
            # Too late for an answer: end the connection, so that nobody takes a part for the whole.
            self.request.connection.stream.close()  # type: ignore[union-attr]
            self._finished = True
            return
        RequestHandler.send_error(self, status_code, **kwargs)


ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/media/([0-9a-f]{32}(?:-thumb)?\.(?:jpg|png))/?", MediaFile),
    (r"/media(?:/.*)?", unknown_path(DIALECT)),
]
