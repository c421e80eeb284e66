"""One range query with prometheus-api-client, as `http_config` says. Blocks: call it in a worker thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from ssl import SSLContext
from typing import Any

import requests
from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from alertd.errors import QueryError
from alertd.http import Access
from alertd.query.history import HistoryNeed
from alertd.query.source import SourceSettings, SourceUnavailableError


def ask_range(
    settings: SourceSettings, access: Access, need: HistoryNeed, start: datetime, end: datetime
) -> Sequence[Mapping[str, Any]]:
    """The series of Prometheus' answer, `{metric, values}` each; raises QueryError."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer: Sequence[Mapping[str, Any]] = _client(settings.url, session, access).custom_query_range(
                need.expr,
                start,
                end,
                f"{need.step.total_seconds():g}",
                params=dict(settings.params),
                timeout=round(settings.timeout.total_seconds()) or 1,
            )
        except PrometheusApiClientException as error:
            raise QueryError(f"range query: {str(error)[:300]}") from None
        except (requests.RequestException, KeyError, ValueError) as error:
            # Their texts hold the address, which may be no one's business; the kind says enough.
            raise SourceUnavailableError(f"range query: {type(error).__name__}") from None
    return answer


def _client(url: str, session: requests.Session, access: Access) -> PrometheusConnect:
    client = PrometheusConnect(
        url=url,
        headers=dict(access.headers),
        session=session,
        retry=Retry(total=0),
        proxy=dict(access.proxies),
        method="POST",
    )
    if access.tls is not None:
        session.mount(f"{url}/api", _TlsAdapter(access.tls, access.server_name))  # the longer prefix wins
    return client


class _TlsAdapter(HTTPAdapter):
    """Connects with a context that is made already."""

    def __init__(self, context: SSLContext, server_name: str) -> None:
        self._context = context
        self._server_name = server_name
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        options["ssl_context"] = self._context
        if self._server_name:
            options["server_hostname"] = options["assert_hostname"] = self._server_name
        super().init_poolmanager(*args, **options)
