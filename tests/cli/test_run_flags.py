"""The command lines of Alertmanager go on to work."""

from __future__ import annotations

from pathlib import Path

from tests.support.daemon import running

CONFIG = "route: {receiver: a}\nreceivers: [{name: a}]\n"
ALERTMANAGERS = (
    *("--web.external-url=http://alerts.example.com/am", "--web.route-prefix=/", "--web.get-concurrency=20"),
    *("--web.timeout=30s", "--data.retention=120h", "--data.maintenance-interval=15m", "--alerts.gc-interval=30m"),
    *("--cluster.listen-address=", "--cluster.peer=a:9094", "--cluster.peer=b:9094", "--cluster.peer-timeout=15s"),
    *("--cluster.settle-timeout=1m", "--silences.max-silences=10", "--silences.max-silence-size-bytes=1000"),
    *("--log.level=debug", "--enable-feature=utf8-strict-mode"),
)


async def test_alertmanagers_flags_are_taken(tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG)
    async with running(config, tmp_path / "data", *ALERTMANAGERS) as daemon:
        await daemon.event("alertd_started")
        assert (await daemon.get("/api/v2/status"))[0] == 200
        assert (await daemon.get("/am/api/v2/status"))[0] == 404


async def test_the_external_url_says_where_everything_is(tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG)
    async with running(config, tmp_path / "data", "--web.external-url=http://alerts.example.com/am") as daemon:
        await daemon.event("alertd_started")
        assert (await daemon.get("/am/api/v2/status"))[0] == 200
        assert (await daemon.get("/api/v2/status"))[0] == 404
