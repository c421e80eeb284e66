"""A client of the real application, served in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp.test_utils import TestClient, TestServer

from alertd.api.server import make_app
from alertd.api.services import Services

Connect = Callable[..., Awaitable[TestClient]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """`await connect(services, prefix="")` gives a client; clients and servers end with the test."""
    async with AsyncExitStack() as stack:

        async def to(services: Services, *, prefix: str = "") -> TestClient:
            return await stack.enter_async_context(TestClient(TestServer(make_app(services, prefix=prefix))))

        yield to
