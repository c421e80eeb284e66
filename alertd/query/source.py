"""`Source`: who answers instant queries, how it is configured, and how it fails."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from alertd.errors import QueryError
from alertd.http import HttpSettings
from alertd.query.batch import SeriesBatch
from alertd.settings import Duration


class Source(Protocol):
    """Answers one expression at one time."""

    async def instant(self, expr: str, at: datetime) -> SeriesBatch:
        """The series of `expr` at `at`.

        Raises QueryError: as it is when the source refused this expression (its text is the source's own), or one of
        the kinds below when nothing was learnt about the expression itself.
        """
        ...


class SourceUnavailableError(QueryError):
    """The source could not be reached, or what answered is no Prometheus: every expression would fail alike."""


class SourceOverloadedError(SourceUnavailableError):
    """The source gave up on this much work (a timeout, a partial answer, a lost connection): less may succeed."""


def server_url(url: str) -> str:
    """`url` without its trailing slash; raises ValueError when it is no plain http(s) address of a server."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL")
    if parts.username or parts.password:
        raise ValueError("must not hold a user or a password; give them as basic_auth")
    return url.rstrip("/")


class SourceSettings(HttpSettings):
    """One entry of `prometheus:`; authentication, TLS and proxy as in http_config."""

    name: str = Field(default="default", min_length=1, description="what rule groups call it by")
    url: str = Field(description="address of Prometheus, VictoriaMetrics, Thanos or Mimir, path prefix included")
    external_url: str = Field(
        default="", description="address under which people reach it, where that is another; links of alerts lead there"
    )
    timeout: Duration = Field(default=timedelta(seconds=30), description="longest wait for one answer")
    concurrency: int = Field(default=8, ge=1, description="requests under way at once")
    allow_partial: bool = Field(
        default=False, description="use answers the source marks as partial; otherwise they are failures"
    )
    compression: bool = Field(
        default=False, description="ask for gzip: less traffic, but most of what a query costs the source"
    )
    params: dict[str, str] = Field(
        default_factory=dict, description="further fields of every query, such as dedup: 'true'"
    )

    @field_validator("url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if urlsplit(value).query:
            raise ValueError("must not hold parameters; give them under params")
        return server_url(value)

    @field_validator("external_url")
    @classmethod
    def _plain_external_url(cls, value: str) -> str:
        return server_url(value) if value else ""

    def graph_url(self, query_string: str) -> str:
        """The page on which people see a graph of an expression; `query_string` as Prometheus writes it."""
        return f"{self.external_url or self.url}/graph?{query_string}"
