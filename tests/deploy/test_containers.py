"""The image and the compose file, as far as they can be judged without an engine."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatch
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())

BASE_MB = 55
"""gcr.io/distroless/python3-debian12, unpacked."""

MOST_MB = 250
_PRUNED = ("*/tests/*", "*/include/*", "*.pyi", "*.pxd", "*.a", "*.h")


def closure(needs: Iterable[Requirement], known: set[str]) -> set[str]:
    """The distributions that these requirements bring along."""
    for need in needs:
        name = need.name.lower()
        if name not in known:
            known.add(name)
            extras = need.extras or {""}
            required = map(Requirement, distribution(name).requires or ())
            closure([one for one in required if _wanted(one, extras)], known)
    return known


def _wanted(need: Requirement, extras: Iterable[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)


def needs_of_the_image() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["images"]])
    return [need for need in needs if _wanted(need, {""})]


def megabytes(one: Distribution) -> float:
    """What it fills in the image: its files, less what the build takes away."""
    files = [file for file in one.files or () if not any(fnmatch(f"/{file}", pattern) for pattern in _PRUNED)]
    return sum(path.stat().st_size for file in files if (path := Path(str(one.locate_file(file)))).is_file()) / 1e6


def test_the_image_stays_small() -> None:
    sizes = {name: megabytes(distribution(name)) for name in closure(needs_of_the_image(), set())}
    own = sum(path.stat().st_size for path in (ROOT / "alertd").rglob("*.*") if path.is_file()) / 1e6
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
    assert {"numpy", "aiohttp", "pillow", "genai-prices"} <= set(sizes), "everything alertd needs is counted"
    assert BASE_MB + own + sum(sizes.values()) < MOST_MB, largest


def test_nothing_runs_as_root_and_it_says_how_it_is() -> None:
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.search(r"^USER 65532:65532$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n  CMD \[.*\"healthcheck\"\]$", last, re.MULTILINE)
    assert re.search(r"^ENTRYPOINT \[", last, re.MULTILINE), "signals reach alertd, not a shell"
    assert "VOLUME /data" in last


def test_every_image_has_a_version() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    images += [service["image"] for service in COMPOSE["services"].values() if service["image"] != "alertd"]
    assert all(":" in image and not image.endswith(":latest") for image in images), images


def test_what_is_copied_is_in_the_context() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in " ".join(copied).split():
        assert (ROOT / source).exists()
        assert source in allowed


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_what_a_service_mounts_and_needs_is_there(name: str) -> None:
    service = COMPOSE["services"][name]
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (ROOT / "deploy" / source).exists(), source
        else:
            assert source in COMPOSE["volumes"]
    assert set(service.get("depends_on", ())) <= set(COMPOSE["services"])
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:"), "nothing is open to the network by accident"


def test_prometheus_scrapes_the_services_that_are_there() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    targets = [target for job in config["scrape_configs"] for one in job["static_configs"] for target in one["targets"]]
    hosts = {target.split(":")[0] for target in targets} - {"localhost"}
    assert hosts <= set(COMPOSE["services"])
    command = COMPOSE["services"]["gateway"]["command"]
    assert f"gateway:{command[-1].rpartition(':')[2]}" in targets
