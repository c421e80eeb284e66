"""Rule packs and presets in which minutes are half seconds, so that a test sees in a minute what takes two hours.

Windows, subqueries, offsets, waiting times and intervals are written in a pack's expressions, where no parameter reaches
them: a copy of the file has them divided. Limits, expressions, labels and texts stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from alertd.config.packs import pack_path
from alertd.duration import format_duration, parse_duration

SPEED = 120
SHORTEST = timedelta(milliseconds=500)
"""Nothing is made shorter: samples come as often."""

_DURATION = re.compile(
    r"(?P<before>\[|(?<=[smhd]):|\boffset |\b(?:for|interval): |\btype: duration, default: )(?P<duration>\d+[smhd])\b"
)


def hastened_pack(name: str) -> str:
    """The rule file of a pack, with every duration in it divided by `SPEED`."""
    return _DURATION.sub(
        lambda found: found["before"] + hastened(found["duration"]), pack_path(name).read_text(encoding="utf-8")
    )


def hastened(duration: str) -> str:
    return format_duration(max(parse_duration(duration) / SPEED, SHORTEST))


def hasten_preset(folder: Path, pack: str, changed: Mapping[str, Any]) -> Path:
    """Let the alertd.yml that `alertd init` wrote use the hastened pack; its path.

    changed   further top-level keys; those of `global` are added to what is there
    """
    (folder / "pack.yml").write_text(hastened_pack(pack))
    path = folder / "alertd.yml"
    settings = yaml.safe_load(path.read_text())
    del settings["packs"]
    settings["global"] = settings.get("global", {}) | changed["global"]
    settings |= {key: value for key, value in changed.items() if key != "global"}
    settings["rule_files"] = ["pack.yml"]
    settings["route"] = _at_once(settings["route"]) | {"group_wait": "100ms", "group_interval": "300ms"}
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return path


def _at_once(route: Mapping[str, Any]) -> dict[str, Any]:
    """A route that waits as long as its parent."""
    kept = {key: value for key, value in route.items() if key not in ("group_wait", "group_interval", "routes")}
    return kept | {"routes": [_at_once(child) for child in route.get("routes", [])]}
