"""Argon2id in a small pool of threads with a bounded queue, so that sign-ins never hold up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import Argon2Error, InvalidHashError

from thserver.domain import passwords
from thserver.domain.errors import Unavailable

T = TypeVar("T")


class PasswordHasher:
    """19 MiB, two passes, one lane: OWASP's minimum. `queue` is how many may wait before others are sent away."""

    def __init__(
        self, *, threads: int = 2, queue: int = 40, memory_in_kib: int = 19 * 1024, passes: int = 2
    ) -> None:
        self._argon2 = Argon2(time_cost=passes, memory_cost=memory_in_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._room = threads + queue
        self._dummy = self._argon2.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        """Raises Unavailable when too many are waiting already."""
        return await self._run(self._argon2.hash, passwords.normal(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether this is the password. Without a stored hash it takes as long and is False."""
        return await self._run(self._verify, stored, passwords.normal(password))

    def is_outdated(self, stored: str) -> bool:
        return self._argon2.check_needs_rehash(stored)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            return self._argon2.verify(stored or self._dummy, password) and stored is not None
        except (Argon2Error, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *args: Any) -> T:
        if self._room <= 0:
            raise Unavailable(retry_after=1)
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        finally:
            self._room += 1
