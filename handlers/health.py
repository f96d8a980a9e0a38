"""Is it alive, is it ready, and its numbers: for those who run the service."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from handlers.access import anyone
from handlers.base import Handler
from thserver.domain.errors import Unavailable


class Alive(Handler):
    """GET /healthz: the process answers."""

    @anyone
    async def get(self) -> None:
        self.reply({"status": "alive"})


class Ready(Handler):
    """GET /readyz: the database is reachable and every index is there; else 503."""

    @anyone
    async def get(self) -> None:
        try:
            missing = await self.services.readiness.missing()
        except Unavailable:
            self.reply({"status": "the database is not reachable"}, status=503)
            return
        if missing:
            self.reply({"status": "indexes are missing", "missing": missing}, status=503)
            return
        self.reply({"status": "ready"})


class Metrics(Handler):
    """GET /metrics: counters in Prometheus's text format."""

    @anyone
    async def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest())
