"""`Receiver`: a webhook that prints each notification as it arrives."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from alertd.demo.text import Notification, describe

_decode = msgspec.json.Decoder(Notification).decode


class Receiver:
    """Takes Alertmanager's webhook payload and hands each alert as text to `tell`.

    delivered   the states that have arrived so far: `firing`, `resolved`
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.delivered: set[str] = set()
        self.app = web.Application()
        self.app.router.add_post("/", self._notified)

    async def _notified(self, request: web.Request) -> web.Response:
        try:
            notification = _decode(await request.read())
        except msgspec.DecodeError as error:
            return web.Response(status=400, text=f"no webhook payload of version 4: {error}\n")
        for alert in notification.alerts:
            self.delivered.add(alert.status)
            self._tell(describe(alert, notification.alertd.values.get(alert.fingerprint)))
        return web.Response()
