"""A route's pattern as OpenAPI has paths: `/api/v1/heroes/([0-9]+)/?` is `/api/v1/heroes/{hero_id}`."""

from __future__ import annotations

import inspect
import re
from typing import Any

from handlers.access import METHODS, served_methods
from handlers.base import Handler, UnknownPath
from handlers.descriptions import description_of

OPTIONAL = re.compile(r"\(\?:([^()]*)\)\?")
LOOK_AHEAD = re.compile(r"\(\?!(?:[^()]|\([^()]*\))*\)")
GROUP = re.compile(r"\(([^?()][^()]*)\)")
DIGITS = re.compile(r"(\[[01]-9\])(?:\[0-9\]\{0,(\d+)\}|\{1,(\d+)\})")


def is_endpoint(handler: type[Handler]) -> bool:
    """Not the 404 that ends a prefix, and not a WebSocket, which OpenAPI has no words for."""
    return not issubclass(handler, UnknownPath) and any(description_of(handler, name) for name in METHODS)


def templates_of(pattern: str, handler: type[Handler]) -> list[str]:
    """The paths of this pattern, those with an optional beginning last; spelled with a slash at the end where the
    handler's docstring, which begins with the path as the contract's document has it, does so."""
    pattern = LOOK_AHEAD.sub("", pattern)
    variants = [OPTIONAL.sub("", pattern)]
    if OPTIONAL.search(pattern):
        variants.append(OPTIONAL.sub(r"\1", pattern))
    names = iter(parameter_names(handler) * len(variants))
    ending = "/" if documented_path(handler).endswith("/") else ""
    return [
        GROUP.sub(lambda _: f"{{{next(names)}}}", each.removesuffix("/?")).replace("\\", "") + ending
        for each in variants
    ]


def documented_path(handler: type[Handler]) -> str:
    """`/api/auth/users/` of `/api/auth/users/: for who is here already`, and of `/api/users/?users=:id`."""
    words = (handler.__doc__ or "").split()
    return words[0].removesuffix(":").partition("?")[0].rstrip(",") if words else ""


def more_than_the_path(handler: type[Handler]) -> str:
    """What the handler's docstring says behind the path."""
    first, _, rest = (handler.__doc__ or "").strip().partition("\n")
    behind = first.partition(": ")[2]
    return f"{behind} {rest}".strip()


def parameter_names(handler: type[Handler]) -> list[str]:
    for name in served_methods(handler):
        return list(inspect.signature(getattr(handler, name)).parameters)[1:]
    return []


def parameters_of(pattern: str, handler: type[Handler]) -> list[dict[str, Any]]:
    """The path's parameters as OpenAPI objects."""
    groups = GROUP.findall(LOOK_AHEAD.sub("", pattern))
    return [
        {"in": "path", "name": name, "required": True, "schema": schema_of(group)}
        for name, group in zip(parameter_names(handler), groups, strict=True)
    ]


def schema_of(group: str) -> dict[str, Any]:
    """The JSON schema of what a group of a pattern matches."""
    digits = DIGITS.fullmatch(group)
    if digits is None:
        return {"type": "string", "pattern": f"^{group}$"}
    first, further, all_of_them = digits.groups()
    length = int(further) + 1 if further else int(all_of_them)
    return {"type": "integer", "minimum": int(first[1]), "maximum": 10**length - 1}
