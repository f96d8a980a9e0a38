"""Reading bodies strictly."""

from __future__ import annotations

import pytest

from handlers.bodies import Malformed, strict_object

JUNK = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a string": b'"x"',
    "truncated": b'{"a": 1',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice, deeper": b'{"b": [{"a": 1, "a": 2}]}',
    "not a number": b'{"a": NaN}',
    "an endless number": b'{"a": 1e400}',
    "a number of 5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "trailing junk": b"{} x",
    "a lone surrogate": b'{"a": "\\ud800"}',
    "invalid UTF-8": b'{"a": "\xff"}',
}


@pytest.mark.parametrize("text", JUNK.values(), ids=JUNK.keys())
def test_what_is_no_strict_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        strict_object(text)


def test_a_json_object_is_read() -> None:
    assert strict_object(b'{"a": [1, "\xc3\xa9"], "b": {"a": null}}') == {"a": [1, "é"], "b": {"a": None}}
