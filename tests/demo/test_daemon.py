"""`alertd run` as the demo's child."""

import asyncio
import os
import signal

import click
import pytest

from alertd.demo.daemon import running_daemon
from alertd.errors import AlertdError

NOBODY = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


async def test_a_daemon_that_cannot_start_says_why(tmp_path):
    config_file = tmp_path / "alertd.yml"
    config_file.write_text("reciever: 1\n")
    told: list[str] = []
    with pytest.raises(AlertdError, match="alertd did not start"):
        async with running_daemon(config_file, tmp_path / "data", tell=told.append):
            pass
    assert any("alertd.yml:1" in text for text in told), told


async def test_a_daemon_that_ends_by_itself_is_an_error(tmp_path):
    config_file = tmp_path / "alertd.yml"
    config_file.write_text(NOBODY)
    async with running_daemon(config_file, tmp_path / "data", tell=click.echo) as daemon:
        assert daemon.url.startswith("http://127.0.0.1:")
        ended = asyncio.create_task(daemon.ended())
        os.kill(daemon.pid, signal.SIGKILL)
        with pytest.raises(AlertdError, match="alertd ended by itself with exit status -9"):
            await asyncio.wait_for(ended, 20)


async def test_warnings_of_the_daemon_are_told_and_its_other_events_are_not(tmp_path):
    config_file = tmp_path / "alertd.yml"
    (tmp_path / "rules.yml").write_text("groups: [{name: g, interval: 1s, rules: [{alert: A, expr: up}]}]\n")
    config_file.write_text(NOBODY + "prometheus: {url: 'http://127.0.0.1:1'}\nrule_files: [rules.yml]\n")
    told: list[str] = []
    warned = asyncio.Event()

    def tell(text: str) -> None:
        told.append(text)
        warned.set()

    async with running_daemon(config_file, tmp_path / "data", tell=tell):
        await asyncio.wait_for(warned.wait(), 20)
    assert told[0].startswith("alertd: warning: rule_failed ")
    assert "127.0.0.1:1" in told[0]
    assert not [text for text in told if "listening" in text]
