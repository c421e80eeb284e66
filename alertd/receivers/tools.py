"""`Tools`: what every integration is given to work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import aiohttp

from alertd.notify.log import NotificationLog
from alertd.receivers.rendering import Rendering

ChartOf = Callable[[str], Awaitable[bytes | None]]


async def no_chart(fingerprint: str) -> None:
    """For those who evaluate no rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """One set for all integrations of a configuration.

    session     for requests; whoever opened it closes it
    rendering   the templates of this configuration
    log         where an integration finds what it called its last message
    chart       the picture, as PNG, of the series an alert came from, by its fingerprint; None: there is none
    closing     what integrations want to have called once they are replaced; an attempt may still be under way then
    """

    session: aiohttp.ClientSession
    rendering: Rendering
    log: NotificationLog
    chart: ChartOf = no_chart
    closing: ExitStack = field(default_factory=ExitStack)
