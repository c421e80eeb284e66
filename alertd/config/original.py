"""The configuration as `GET /api/v2/status` and `amtool config show` give it.

It is a strict alertmanager.yml: Alertmanager's keys only, defaults filled in where tools look for them, secrets hidden.
"""

from __future__ import annotations

from pathlib import Path

from alertd.yamlio import Table


def original(root: Table, *, base: Path) -> str:
    """The text for the values of a configuration file in the folder `base`."""
    return ""
