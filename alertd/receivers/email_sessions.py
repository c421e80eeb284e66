"""Conversations with a mail server that wait for the next mail, so that a burst of mails needs few of them."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta

from alertd.receivers.email_auth import Credentials
from alertd.receivers.email_session import Server, Session

IDLE = timedelta(seconds=10)
"""Long enough for the next mail of a burst; mail servers begin to mind after minutes."""


class Sessions:
    """Those with one server. As many are open as mails are sent at once; whoever made this closes it.

    limit   see `Session`
    idle    how long one waits for the next mail
    """

    def __init__(self, server: Server, *, limit: timedelta, idle: timedelta = IDLE) -> None:
        self._server = server
        self._limit = limit
        self._idle = idle
        self._waiting: dict[Session, asyncio.TimerHandle] = {}
        self._closed = False

    def take(self, context: ssl.SSLContext, credentials: Credentials) -> Session:
        """The one that was used last, or a new one. Give it back with `put`."""
        for session in reversed(self._waiting):
            if session.is_for(context, credentials):
                self._waiting.pop(session).cancel()
                return session
        return Session(self._server, context, credentials, limit=self._limit)

    def put(self, session: Session) -> None:
        """Keep it for the next mail; one that failed is ended, and after `close` every one."""
        if self._closed or not session.goes_on:
            session.close()
            return
        loop = asyncio.get_running_loop()
        self._waiting[session] = loop.call_later(self._idle.total_seconds(), self._end, session)

    def close(self) -> None:
        """End those that wait; those in use are ended when they are given back."""
        self._closed = True
        for session in list(self._waiting):
            self._end(session)

    def _end(self, session: Session) -> None:
        self._waiting.pop(session).cancel()
        session.close()
