"""The process under load: bare handlers on one port, the whole service on another, on one MongoDB."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import sys

import orjson
import uvloop
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from bench import data
from config.settings import load
from store.connection import connect
from store.database import Database
from thserver import garbage
from thserver.application import make_application
from thserver.wiring import wire


class Bare(RequestHandler):
    """(a) What Tornado itself costs."""

    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(orjson.dumps({"status": "ok"}))


class OneFind(RequestHandler):
    """(b) And one read of one document with it."""

    async def get(self) -> None:
        found = await self.application.settings["people"].find_one({"_id": 1})
        self.set_header("Content-Type", "application/json")
        self.finish(orjson.dumps({"email": found["email"]}))


async def main(uri: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    client = connect(uri)
    database = Database(client, "bench")
    sockets = bind_sockets(0, "127.0.0.1")
    settings = load({"DEBUG": "True", "SECRET_KEY": data.SECRET_KEY}, dotenv=None)
    settings = dataclasses.replace(
        settings,
        port=sockets[0].getsockname()[1],
        # All requests come from one address.
        limit_codes_per_address_hour=10**9,
        limit_codes_all_hour=10**9,
        limit_auth_per_address_min=10**9,
    )
    services = await wire(settings, database)
    server = HTTPServer(make_application(services, settings))
    server.add_sockets(sockets)
    bare_sockets = bind_sockets(0, "127.0.0.1")
    bare = HTTPServer(
        Application(
            [("/bare", Bare), ("/find", OneFind)], people=client["bench"]["people"], log_function=_quiet
        )
    )
    bare.add_sockets(bare_sockets)
    carrier = services.practice.carrier
    # What it costs to play the phone company is not the service's.
    carrier.faults.drop_callbacks = True
    garbage.search_less()
    print(
        settings.port,
        bare_sockets[0].getsockname()[1],
        carrier.account_id,
        carrier.auth_tokens[0],
        flush=True,
    )
    await asyncio.Event().wait()


def _quiet(handler: RequestHandler) -> None:
    """The bare application logs nothing, as the service does at its usual level."""


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
