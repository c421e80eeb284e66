"""`Passwords`: is this the password of that user? bcrypt answers, in a thread of its own, and once per password."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from alertd.secret import Secret

REMEMBERED = 100
"""How many right passwords, and how many wrong ones."""

MOST_WAITING = 20

_NOBODYS = "$2b${cost}$" + "." * 53
"""No password's hash: what the password of an unknown user is held against, so that the time it takes does not say which users there are."""


class TooManyLoginsError(Exception):
    """So many passwords wait to be checked that this one is not."""


class Passwords:
    """Checks passwords, one at a time: whoever guesses takes one core at most, and nothing from the store's threads."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()  # apart: guesses must not push out what is right

    async def match(self, users: Mapping[str, Secret], user: str, password: bytes) -> bool:
        """Whether it is this user's password; raises TooManyLoginsError."""
        known = users.get(user)
        hashed = known.reveal() if known is not None else _NOBODYS.format(cost=_cost(users))
        mark = self._mark(user, hashed, password)
        if (verdict := self._remembered(mark)) is not None:
            return verdict
        if self._waiting >= MOST_WAITING:
            raise TooManyLoginsError
        self._waiting += 1
        try:
            async with self._turn:
                return await self._check(mark, hashed, password, is_known=known is not None)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _check(self, mark: bytes, hashed: str, password: bytes, *, is_known: bool) -> bool:
        if (verdict := self._remembered(mark)) is not None:  # another request has asked the same meanwhile
            return verdict
        is_right = await asyncio.get_running_loop().run_in_executor(self._thread, _matches, hashed, password)
        remembered = self._right if is_right and is_known else self._wrong
        remembered[mark] = None
        if len(remembered) > REMEMBERED:
            remembered.popitem(last=False)
        return is_right and is_known

    def _remembered(self, mark: bytes) -> bool | None:
        if mark in self._right:
            self._right.move_to_end(mark)
            return True
        return False if mark in self._wrong else None

    def _mark(self, user: str, hashed: str, password: bytes) -> bytes:
        """Of all three, so that a password that was changed is no longer remembered; it cannot be turned back."""
        digest = hmac.new(self._key, digestmod="sha256")
        for part in (user.encode(), hashed.encode(), password):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()


def _matches(hashed: str, password: bytes) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password, hashed.encode())
    except ValueError:  # longer than the 72 bytes bcrypt looks at
        return False


def _cost(users: Mapping[str, Secret]) -> str:
    """The cost that most of the time is taken for: that of the first user."""
    return next(iter(users.values())).reveal().split("$")[2] if users else "10"
