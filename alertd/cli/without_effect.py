"""Flags of Alertmanager that alertd takes, so that its command lines go on to work, and that change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])

WITHOUT_EFFECT = (
    *("alerts.gc-interval", "alerts.per-alertname-limit", "auto-gomemlimit.ratio", "enable-feature"),
    *("dispatch.maintenance-interval", "dispatch.start-delay"),
    *("cluster.advertise-address", "cluster.gossip-interval", "cluster.label", "cluster.listen-address"),
    *("cluster.name", "cluster.peer", "cluster.peer-timeout", "cluster.peers-resolve-timeout"),
    *("cluster.probe-interval", "cluster.probe-timeout", "cluster.pushpull-interval", "cluster.reconnect-interval"),
    *("cluster.reconnect-timeout", "cluster.settle-timeout", "cluster.tcp-timeout", "cluster.tls-config"),
)
"""Resolved alerts leave with the notification of their end, and there is no cluster to gossip with."""

SWITCHES_WITHOUT_EFFECT = (
    "auto-gomemlimit",
    "auto-gomaxprocs",
    "cluster.allow-insecure-public-advertise-address-discovery",
)


def taken_without_effect(command: Command) -> Command:
    """`command` with these options; they are not passed on, nor shown in its help."""
    for name in WITHOUT_EFFECT:
        command = click.option(f"--{name}", _variable(name), multiple=True, expose_value=False, hidden=True)(command)
    for name in SWITCHES_WITHOUT_EFFECT:
        command = click.option(f"--{name}", _variable(name), is_flag=True, expose_value=False, hidden=True)(command)
    return command


def _variable(name: str) -> str:
    return name.replace(".", "_").replace("-", "_")
