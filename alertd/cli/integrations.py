"""The integrations of a configuration, for verbs that use them without a running alertd."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from alertd.cli.output import NotFound

if TYPE_CHECKING:
    from alertd.config.load import Config
    from alertd.engine.ports import Integration


@asynccontextmanager
async def integrations_of(config: Config, receiver: str) -> AsyncIterator[Sequence[Integration]]:
    """Those of one receiver, ready to render and to send; no connection is made before they send. Raises NotFound."""
    from alertd.yamlio import suggestion

    async with receivers_of(config) as known:
        if receiver not in known:
            raise NotFound(f'there is no receiver "{receiver}"; {suggestion(receiver, list(known))}')
        yield known[receiver]


@asynccontextmanager
async def receivers_of(config: Config) -> AsyncIterator[Mapping[str, Sequence[Integration]]]:
    """All of them, by receiver."""
    from alertd.http import new_session
    from alertd.receivers.registry import by_receiver
    from alertd.receivers.rendering import Rendering
    from alertd.receivers.tools import Tools
    from alertd.store.memory import MemoryStore
    from alertd.template.alertmanager import TemplateSet

    async with new_session() as session:
        rendering = Rendering(templates=TemplateSet(config.templates))
        tools = Tools(session=session, rendering=rendering, log=MemoryStore())
        with tools.closing:
            yield by_receiver(config.receivers, tools)


def external_url(config: Config) -> str:
    """The address that stands in links."""
    return config.web.external_url.rstrip("/") or "http://localhost:9093"
