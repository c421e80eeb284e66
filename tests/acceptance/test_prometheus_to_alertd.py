"""A real Prometheus evaluates a rule and sends its alerts to alertd, which tells a webhook: firing, then resolved."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alertd.labels import LabelSet
from alertd.query.remote_write import SeriesSample
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.daemon import running
from tests.support.receiver_server import receiver_server

RULES = """
groups:
- name: gateway
  interval: 200ms
  rules:
  - alert: TooManyTokens
    expr: tokens > 5
    labels: {severity: page}
    annotations: {summary: "{{ $value }} tokens for {{ $labels.tenant }}"}
"""
CONFIG = """
route: {{receiver: hook, group_by: [alertname], group_wait: 100ms, group_interval: 300ms}}
receivers:
- name: hook
  webhook_configs: [{{url: "{url}/hook"}}]
"""


@pytest.mark.parametrize("prefix", ["", "/alertd"], ids=["at the root", "under a prefix"])
async def test_alerts_of_a_prometheus_arrive(tmp_path: Path, prefix: str) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    config = tmp_path / "alertmanager.yml"
    async with receiver_server() as receiver:
        config.write_text(CONFIG.format(url=receiver.url))
        flags = [f"--web.route-prefix={prefix}"] if prefix else []
        async with running(config, tmp_path / "data", *flags) as daemon:
            await daemon.event("alertd_started")
            target = {"path_prefix": prefix or "/", "static_configs": [{"targets": [urlsplit(daemon.url).netloc]}]}
            async with LocalPrometheus(
                config={"rule_files": [str(rules)], "alerting": {"alertmanagers": [target]}},
                flags=["--rules.alert.resend-delay=1s"],
            ) as prometheus:
                await prometheus.write([tokens(9)])
                (firing,) = await receiver.wait_for(1)
                assert firing.json["status"] == "firing"
                (alert,) = firing.json["alerts"]
                assert alert["labels"] == {"alertname": "TooManyTokens", "severity": "page", "tenant": "a"}
                assert alert["annotations"] == {"summary": "9 tokens for a"}
                (listed,) = await daemon.json(f"{prefix}/api/v2/alerts")
                assert listed["receivers"] == [{"name": "hook"}]
                assert listed["fingerprint"] == alert["fingerprint"]

                await prometheus.write([tokens(1)])
                resolved = (await receiver.wait_for(2))[1]
                assert resolved.json["status"] == "resolved"
                assert await daemon.json(f"{prefix}/api/v2/alerts") == []


def tokens(value: float) -> SeriesSample:
    labels = LabelSet({"__name__": "tokens", "tenant": "a"})
    return SeriesSample(labels=labels, value=value, at=datetime.now(UTC))
