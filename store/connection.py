"""The one way to MongoDB: how the client is made, and whether what it reaches can serve us."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pymongo import AsyncMongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

Client = AsyncMongoClient[dict[str, Any]]

OLDEST_VERSION = (5, 0)
# Long enough for an election, short enough that a request is answered within four seconds.
TIMEOUTS: dict[str, Any] = {"serverSelectionTimeoutMS": 2000, "connectTimeoutMS": 2000, "timeoutMS": 3000}

_AUTHENTICATION_FAILED = 18
_UNAUTHORIZED = 13


class ConnectionProblem(Exception):
    """MongoDB is not reachable or not usable; the message is one sentence without any password."""


class Connection(AsyncMongoClient[dict[str, Any]]):
    """A client that knows its URI, so that Motor can be connected to the same place."""

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, **options)
        self.uri = uri


def connect(uri: str) -> Client:
    """A client with short deadlines and majority writes. It connects at its first use."""
    try:
        return Connection(uri, appname="thserver", tz_aware=True, w="majority", **TIMEOUTS)
    except (PyMongoError, ValueError) as problem:
        raise ConnectionProblem(f"DATABASE_URL cannot be used: {_without_password(problem, uri)}.") from None


def database_name(uri: str) -> str:
    """The database that the URI names."""
    name = urlsplit(uri).path.lstrip("/") if uri.startswith("mongodb+srv:") else parse_uri(uri)["database"]
    if not name:
        raise ConnectionProblem("DATABASE_URL must end with the name of a database.")
    return str(name)


async def check(client: Client) -> None:
    """Raise ConnectionProblem unless a new enough replica set or cluster answers."""
    try:
        information = await client.admin.command("buildInfo")
        greeting = await client.admin.command("hello")
        # The two above are answered without a sign-in; this one is not.
        await client.get_default_database("admin").command("dbStats")
    except OperationFailure as problem:
        if problem.code in (_AUTHENTICATION_FAILED, _UNAUTHORIZED):
            raise ConnectionProblem("MongoDB refuses the user name or password in DATABASE_URL.") from None
        raise ConnectionProblem(f"MongoDB does not serve us: error {problem.code}.") from None
    except ConfigurationError as problem:
        raise ConnectionProblem(f"DATABASE_URL cannot be used: {str(problem).rstrip('.')}.") from None
    except PyMongoError:
        raise ConnectionProblem(
            f"MongoDB at {_where(client)} does not answer: start it, or correct DATABASE_URL."
        ) from None
    found = tuple(information["versionArray"][:2])
    if found < OLDEST_VERSION:
        raise ConnectionProblem(
            f"MongoDB at {_where(client)} is version {information['version']}, but 5.0 or later is needed."
        )
    if "setName" not in greeting and greeting.get("msg") != "isdbgrid":
        raise ConnectionProblem(
            f"MongoDB at {_where(client)} is a standalone server, but transactions need a replica set "
            "(one node is enough: start mongod with --replSet and run rs.initiate())."
        )


def _where(client: Client) -> str:
    seeds = client._topology_settings.seeds
    return ", ".join(sorted(f"{host}:{port}" if port else host for host, port in seeds))


def _without_password(problem: Exception, uri: str) -> str:
    """The driver's words, unless they could carry a part of what stands before the @."""
    text = str(problem).rstrip(".")
    credentials = uri.partition("://")[2].rpartition("@")[0]
    parts = [part for part in (credentials, *credentials.split(":")) if part]
    return "it is no valid MongoDB URI" if any(part in text for part in parts) else text
