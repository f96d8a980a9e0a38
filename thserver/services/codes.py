"""Codes in texts and tokens in letters: sent within limits, kept as keyed hashes, good once and not for long.

A code in a text is short, so guesses at it are counted: five, however many arrive at once and however often a new
code is sent within the hour. A token in a letter is long enough to be found by its hash alone.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import digits
from typing import Protocol

from store.codes import FAILURES_COUNT_FOR, KeptCode, KeptToken
from store.database import Database
from thserver.domain import codes
from thserver.domain.errors import (
    AlreadyExists,
    CarrierRefused,
    CodeDead,
    CodeStillGood,
    CodeWrong,
    Throttled,
    TokenNotFound,
)
from thserver.domain.phone_numbers import masked, region_of
from thserver.domain.ports import Clock, Outcome, Sent
from thserver.wording.codes import text_with_code

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
TEN_MINUTES = timedelta(minutes=10)
WRONG_GUESSES = "guesses:all"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeKind:
    """What a code in a text proves and looks like. `replaces`: a new one takes the place of one that is still good;
    else it is refused as long as that one is."""

    purpose: str
    length: int = 6
    alphabet: str = codes.LETTERS_AND_DIGITS
    life: timedelta = TEN_MINUTES
    replaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKind:
    """What a token in a letter is for and looks like."""

    purpose: str
    length: int
    life: timedelta


@dataclass(frozen=True, slots=True)
class TokenKinds:
    """The tokens in letters. `life` is that of a token that proves an address; a new password is asked for by
    whoever wants it now, so its token ends within a day."""

    confirm_address: TokenKind
    reset_password: TokenKind

    @classmethod
    def lasting(cls, life: timedelta) -> TokenKinds:
        return cls(
            TokenKind(purpose="confirm-address", length=10, life=life),
            TokenKind(purpose="reset-password", length=8, life=min(life, timedelta(days=1))),
        )


# Proves the number of somebody who is about to register.
REGISTRATION = CodeKind(purpose="registration")
# Proves a number that a person wants to have from now on: in the form of contract heroes, and as plain digits.
NEW_PHONE = CodeKind(purpose="new-phone")
NEW_PHONE_DIGITS = CodeKind(purpose="new-phone", alphabet=digits)


class CodeSender(Protocol):
    """What of the outbox is needed here."""

    async def send_code(self, *, key: str, to: str, body: str, valid_for_s: int) -> Sent: ...


class Codes:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sender: CodeSender,
        secret_key: str,
        web_domain: str,
        countries: tuple[str, ...],
        limit_per_phone: int,
        limit_per_address: int,
        limit_in_all: int,
    ) -> None:
        self._codes = database.codes
        self._limits = database.limits
        self._clock = clock
        self._sender = sender
        self._secret_key = secret_key
        self._web_domain = web_domain
        self._countries = frozenset(countries)
        self._limit_per_phone = limit_per_phone
        self._limit_per_address = limit_per_address
        self._limit_in_all = limit_in_all

    async def text(self, kind: CodeKind, phone: str, *, address: str, person_id: int | None = None) -> str:
        """Text a new code to this number; `address` is the network address that asks. With `person_id` the code is
        good for that person only.

        Raises CodeStillGood, Throttled or CarrierRefused. A number outside the countries that codes are texted to
        looks the same from outside, and gets no text.
        """
        key = _key(kind, phone, person_id)
        await self._check_not_good_yet(kind, key)
        await self._check_limits(phone, address)
        code = codes.new_code(kind.length, kind.alphabet)
        sent_id = codes.new_token()
        now = self._clock.now()
        try:
            await self._codes.reserve(
                key,
                hash=self._hash(key, code),
                sent_id=sent_id,
                expires=now + kind.life,
                now=now,
                guesses=codes.GUESSES,
                replace=kind.replaces,
            )
        except AlreadyExists as error:
            # Somebody else asked at the same moment.
            await self._check_not_good_yet(kind, key)
            raise CodeStillGood from error
        if region_of(phone) not in self._countries:
            log.warning("no code is texted to %s: its country is not allowed", masked(phone))
            return code
        sent = await self._sender.send_code(
            key=f"code:{sent_id}",
            to=phone,
            body=text_with_code(code, life=kind.life, web_domain=self._web_domain),
            valid_for_s=int(kind.life.total_seconds()),
        )
        if sent.outcome in (Outcome.FAILED, Outcome.RETRY):
            await self._codes.withdraw(key, sent_id)
            log.warning("the carrier did not take a code for %s: %s", masked(phone), sent.reason)
            raise CarrierRefused
        return code

    async def spend(self, kind: CodeKind, phone: str, code: str, *, person_id: int | None = None) -> None:
        """Use a code up; of several who send the right one at once, one gets through.

        Raises CodeWrong, CodeDead when its guesses are used up, or Throttled when everybody together has guessed
        wrong too often within the hour: somebody tries a few codes on each of many numbers.
        """
        key = _key(kind, phone, person_id)
        now = self._clock.now()
        if await self._limits.used(WRONG_GUESSES, window=HOUR, now=now) >= self._limit_in_all:
            log.warning("no more guesses at codes within this hour")
            raise Throttled(retry_after=_rest_of_hour(now))
        right = await self._codes.guess(key, self._hash(key, code), now=now, guesses=codes.GUESSES)
        if right:
            return
        if right is None and await self._is_dead(key):
            raise CodeDead
        if right is False:
            await self._limits.count(WRONG_GUESSES, window=HOUR, now=now)
        raise CodeWrong

    async def dead_for_s(self, kind: CodeKind, phone: str, *, person_id: int | None = None) -> int:
        """For how many seconds a new code would be of no use, because too many guesses were wrong."""
        return _dead_for_s(await self._codes.get(_key(kind, phone, person_id)), self._clock.now())

    async def give_back(self, kind: CodeKind, phone: str, code: str, *, person_id: int | None = None) -> None:
        """Make a code good again whose use came to nothing for another reason."""
        key = _key(kind, phone, person_id)
        await self._codes.give_back(key, self._hash(key, code))

    async def make_token(self, kind: TokenKind, person_id: int, *, about: str = "") -> str:
        """A new token for this person, in the place of his last one for the same purpose."""
        token = codes.new_code(kind.length, codes.LETTERS_AND_DIGITS)
        now = self._clock.now()
        await self._codes.put_token(
            _token_key(kind, person_id),
            hash=self._hash(kind.purpose, token),
            person_id=person_id,
            about=about,
            expires=now + kind.life,
            now=now,
        )
        return token

    async def check_letter_limits(self, kind: TokenKind, person_id: int, *, address: str) -> None:
        """Count one more letter of this kind to this person. Raises Throttled beyond the limits of codes."""
        now = self._clock.now()
        await self._count(f"codes:address:{address}", self._limit_per_address, now)
        await self._count(f"codes:{kind.purpose}:{person_id}", self._limit_per_phone, now)

    async def token_made(self, kind: TokenKind, person_id: int) -> KeptToken | None:
        """What is kept of this person's token while it is good."""
        return await self._codes.token_of(_token_key(kind, person_id), now=self._clock.now())

    async def look_at_token(self, kind: TokenKind, token: str) -> KeptToken:
        """Whose token this is, without using it up. Raises TokenNotFound."""
        found = await self._codes.token(self._hash(kind.purpose, token), now=self._clock.now())
        if found is None:
            raise TokenNotFound
        return found

    async def spend_token(self, kind: TokenKind, token: str) -> KeptToken:
        """Use a token up. Raises TokenNotFound, also for all but one of those who do so at once."""
        found = await self._codes.spend_token(self._hash(kind.purpose, token), now=self._clock.now())
        if found is None:
            raise TokenNotFound
        return found

    async def end_token(self, kind: TokenKind, person_id: int) -> None:
        await self._codes.end_token(_token_key(kind, person_id))

    async def _check_not_good_yet(self, kind: CodeKind, key: str) -> None:
        """Raises CodeStillGood, or Throttled while a new code would be dead from its first moment."""
        kept = await self._codes.get(key)
        if kept is None:
            return
        now = self._clock.now()
        dead_for_s = _dead_for_s(kept, now)
        if dead_for_s:
            raise Throttled(retry_after=dead_for_s)
        if not kind.replaces and not kept.spent and kept.expires > now:
            raise CodeStillGood

    async def _check_limits(self, phone: str, address: str) -> None:
        now = self._clock.now()
        await self._count(f"codes:address:{address}", self._limit_per_address, now)
        await self._count(f"codes:phone:{phone}", self._limit_per_phone, now)
        await self._count("codes:all", self._limit_in_all, now)

    async def _count(self, what: str, limit: int, now: datetime) -> None:
        if await self._limits.count(what, window=HOUR, now=now) > limit:
            log.warning("no more codes within this hour: %s", what.split(":")[1])
            raise Throttled(retry_after=_rest_of_hour(now))

    async def _is_dead(self, key: str) -> bool:
        kept = await self._codes.get(key)
        return kept is not None and kept.failures >= codes.GUESSES

    def _hash(self, *parts: str) -> str:
        return codes.keyed_hash(self._secret_key, "code", *parts)


def _key(kind: CodeKind, phone: str, person_id: int | None) -> str:
    return f"{kind.purpose}:{phone}" if person_id is None else f"{kind.purpose}:{phone}:{person_id}"


def _token_key(kind: TokenKind, person_id: int) -> str:
    return f"{kind.purpose}:{person_id}"


def _dead_for_s(kept: KeptCode | None, now: datetime) -> int:
    if kept is None or kept.failures < codes.GUESSES or kept.failed_at is None:
        return 0
    rest = (kept.failed_at + FAILURES_COUNT_FOR - now).total_seconds()
    return max(0, math.ceil(rest))


def _rest_of_hour(now: datetime) -> int:
    return 3600 - int(now.timestamp()) % 3600
