"""`Tools`: what every integration is given to work with."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp

from alertd.notify.log import NotificationLog
from alertd.receivers.rendering import Rendering


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """One set for all integrations of a configuration.

    session     for requests; whoever opened it closes it
    rendering   the templates of this configuration
    log         where an integration finds what it called its last message
    """

    session: aiohttp.ClientSession
    rendering: Rendering
    log: NotificationLog
