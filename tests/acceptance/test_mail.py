"""Mail of the whole daemon: the picture of a series, and connections that are kept for as long as a configuration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image

from alertd.labels import LabelSet
from alertd.query.remote_write import SeriesSample
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.daemon import running, until
from tests.support.smtp_server import smtp_server

CONFIG = """
prometheus: {{url: "{prometheus}"}}
rule_files: [rules.yml]
evaluation: {{external_labels: {{region: eu}}}}
route: {{receiver: ops, group_wait: 100ms}}
receivers:
- name: ops
  email_configs: [{{to: a@example.com, from: b@example.com, smarthost: "{smtp}", require_tls: false, charts: 3}}]
"""
RULES = """
groups: [{name: g, interval: 250ms, rules: [{alert: Tokens, expr: 'sum by (tenant) (tokens) > 5'}]}]
"""


async def test_a_mail_shows_the_series_and_a_reload_ends_its_connection(tmp_path: Path) -> None:
    async with LocalPrometheus() as prometheus, smtp_server() as server:
        config = tmp_path / "alertd.yml"
        config.write_text(CONFIG.format(prometheus=prometheus.url, smtp=server.address))
        (tmp_path / "rules.yml").write_text(RULES)
        labels, now = LabelSet({"__name__": "tokens", "tenant": "a"}), datetime.now(UTC)
        await prometheus.write(
            [SeriesSample(labels=labels, value=9, at=now + second * timedelta(seconds=15)) for second in range(-40, 1)]
        )
        async with running(config, tmp_path / "data") as daemon:
            await until(lambda: bool(server.received), limit_s=60, what="a mail")
            await daemon.event("notification_delivered")
            assert server.open_connections == 1, "it is kept for the next mail"
            assert await daemon.post("/-/reload") == (200, "")
            await until(lambda: not server.open_connections, limit_s=30, what="the end of the connection")
            assert await daemon.terminate() == 0
    mail = server.received[0].parsed
    (picture,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    page = mail.get_body(("html",))
    assert page is not None
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in page.get_content()
    alert = LabelSet({"alertname": "Tokens", "tenant": "a", "region": "eu"})
    assert picture["Content-ID"].startswith(f"<{alert.fingerprint}.")
    assert Image.open(BytesIO(picture.get_content())).size == (1800, 520)
