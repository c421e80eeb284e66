"""`Tools`: what every integration is given to work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

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
    """

    session: aiohttp.ClientSession
    rendering: Rendering
    log: NotificationLog
    chart: ChartOf = no_chart
