"""Parameters with bracketed names, as forms and queries carry them: `user[email]=…`, `users[0][email]=…`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.bodies import Malformed

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\]){0,3})")
KEY = re.compile(r"\[([^\[\]]*)\]")


def nested(given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The values as the objects and lists that their names describe; of several for one name the last counts, but
    `users[][email]` repeated is a list. A name that is no such name is left out. Raises Malformed when one
    value is both a text and an object."""
    found: dict[str, Any] = {}
    for name, values in given.items():
        match = NAME.fullmatch(name)
        if match is None:
            continue
        keys = [match[1], *KEY.findall(match[2])]
        if "" in keys[1:]:
            for index, value in enumerate(values):
                _put(found, [key or str(index) for key in keys], value)
        else:
            _put(found, keys, values[-1])
    return {name: _listed(value) for name, value in found.items()}


def _put(into: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        into = into.setdefault(key, {})
        if not isinstance(into, dict):
            raise Malformed
    if isinstance(into.get(keys[-1]), dict):
        raise Malformed
    into[keys[-1]] = value


def _listed(value: Any) -> Any:
    """An object whose every key is a number is a list, in that order."""
    if not isinstance(value, dict):
        return value
    if value and all(re.fullmatch(r"[0-9]{1,6}", key) for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(each) for key, each in value.items()}
