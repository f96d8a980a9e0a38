"""Who is calling: sign-in tokens and passwords, the same for every contract."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

from store.database import Database
from store.people import Token
from thserver.domain import codes, passwords
from thserver.domain.errors import BadCredentials, BadToken, Throttled
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.gateways.password_hasher import PasswordHasher

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# What gives tokens that are good nowhere else.
CONSOLE = "console"

Listener = Callable[[int], Awaitable[object]]


class SignIn:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        hasher: PasswordHasher,
        token_life: timedelta,
        limit_per_address: int,
    ) -> None:
        self._people = database.people
        self._limits = database.limits
        self._clock = clock
        self._hasher = hasher
        self._token_life = token_life
        self._limit_per_address = limit_per_address
        self._listeners: list[Listener] = []

    def on_sign_in(self, listener: Listener) -> None:
        """Do this whenever somebody has signed in, before he gets his answer; given the person's id."""
        self._listeners.append(listener)

    @property
    def limit_per_address(self) -> int:
        """How many sign-ins and registrations a network address may try in a minute."""
        return self._limit_per_address

    async def who(self, token: str, *, console: bool = False) -> Person:
        """The person whose token this is: one that the console gave, or one that a contract gave. Raises BadToken."""
        if len(token) > 200:
            raise BadToken
        found = await self._people.with_token(codes.token_hash(token))
        if found is None:
            raise BadToken
        person, kept = found
        if (kept.contract == CONSOLE) is not console:
            raise BadToken
        if kept.expires <= self._clock.now() or person.closed is not None:
            raise BadToken
        return person

    async def still_good(self, token_hashes: Iterable[str]) -> set[str]:
        """Those of these tokens, given as their hashes, that somebody is still signed in with; one question for all."""
        now = self._clock.now()
        return {token.hash for token in await self._people.tokens_among(token_hashes) if token.expires > now}

    async def check_address(self, address: str) -> int:
        """Count one sign-in or registration from this network address; which it is within this minute. Raises
        Throttled beyond the limit."""
        now = self._clock.now()
        used = await self._limits.count(f"auth:{address}", window=MINUTE, now=now)
        if used > self._limit_per_address:
            raise Throttled(retry_after=60 - now.second)
        return used

    async def check_name(self, name: str, *, purpose: str, limit: int) -> None:
        """Count one try under this name within the hour, from wherever, whether there is such a person or not. Raises
        Throttled beyond the limit."""
        now = self._clock.now()
        used = await self._limits.count(f"{purpose}:{name}", window=HOUR, now=now)
        if used > limit:
            raise Throttled(retry_after=3600 - int(now.timestamp()) % 3600)

    def new_token(self, contract: str, *, life: timedelta | None = None) -> tuple[str, Token]:
        """A token for the client, and what of it is kept."""
        token = codes.new_token()
        expires = self._clock.now() + min(life or self._token_life, self._token_life)
        return token, Token(codes.token_hash(token), contract, expires)

    async def give_token(
        self,
        person_id: int,
        contract: str,
        *,
        ending_earlier: bool = False,
        life: timedelta | None = None,
    ) -> str:
        """Sign somebody in who has proven who he is. `ending_earlier` ends what this contract gave before."""
        token, kept = self.new_token(contract, life=life)
        await self._people.add_token(person_id, kept, ending=contract if ending_earlier else None)
        for listener in self._listeners:
            await listener(person_id)
        return token

    async def with_password(self, person: Person | None, password: str) -> Person:
        """The person, if this is his password. Takes as long for nobody. Raises BadCredentials."""
        if len(password) > passwords.LONGEST:
            raise BadCredentials
        stored = person.password_hash if person is not None else None
        right = await self._hasher.verify(stored, password)
        if person is None or stored is None or not right:
            raise BadCredentials
        if self._hasher.is_outdated(stored):
            await self._people.change(
                person.id,
                {"password_hash": await self._hasher.hash(password)},
                only_if={"password_hash": stored},
            )
        return person

    async def hash_password(self, password: str) -> str:
        return await self._hasher.hash(password)

    async def sign_out(self, token: str) -> None:
        await self._people.end_token(codes.token_hash(token))

    async def sign_out_elsewhere(self, person_id: int, token: str | None) -> None:
        """End every other sign-in of this person: after a change of password or phone."""
        kept = codes.token_hash(token) if token is not None else None
        await self._people.end_tokens(person_id, except_hash=kept)
