"""Secrets that are handed out, and what of them is kept."""

from __future__ import annotations

import re

from thserver.domain import codes


def test_a_code_has_its_length_and_alphabet() -> None:
    for _ in range(200):
        assert re.fullmatch(r"[0-9]{6}", codes.new_code(6))
        assert re.fullmatch(r"[a-z0-9]{10}", codes.new_code(10, codes.LETTERS_AND_DIGITS))


def test_codes_and_tokens_do_not_repeat() -> None:
    assert len({codes.new_token() for _ in range(1000)}) == 1000
    assert len({codes.new_code(10, codes.LETTERS_AND_DIGITS) for _ in range(1000)}) == 1000


def test_a_sign_in_token_has_at_least_128_random_bits() -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", codes.new_token())


def test_a_keyed_hash_depends_on_the_key_and_on_where_each_part_ends() -> None:
    hashes = {
        codes.keyed_hash("key", "code", "ab", "c"),
        codes.keyed_hash("key", "code", "a", "bc"),
        codes.keyed_hash("key", "code", "abc"),
        codes.keyed_hash("other", "code", "ab", "c"),
    }
    assert len(hashes) == 4
    assert codes.keyed_hash("key", "code", "ab", "c") in hashes


def test_any_text_can_be_hashed_and_compared() -> None:
    for text in ("", "\x00", "é", "\ud800", "１２３４５６", "x" * 100_000):
        assert len(codes.token_hash(text)) == len(codes.keyed_hash("key", text)) == 64
        assert codes.same(text, text)
        assert not codes.same(text, text + "1")


def test_pins_are_easy_to_type_and_the_same_whenever_asked() -> None:
    pins = {codes.pin_for("key", booking, person) for booking in range(200) for person in range(5)}
    for pin in pins:
        assert re.fullmatch(r"[1-9][0-9]{5}", pin)
        assert not re.search(r"(.)\1", pin)
    assert len(pins) > 990
    assert codes.pin_for("key", 1, 2) == codes.pin_for("key", 1, 2)
    assert codes.pin_for("key", 1, 2) != codes.pin_for("key", 1, 2, attempt=1)
