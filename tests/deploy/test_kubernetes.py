"""The manifests: valid, pointing at each other, and holding a configuration that loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from alertd.config.load import load
from alertd.config.rule_files import load_rule_file

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
MANIFESTS: list[dict[str, Any]] = [
    manifest
    for file in sorted(FOLDER.glob("*.yaml"))
    for manifest in yaml.safe_load_all(file.read_text())
    if manifest is not None
]
OPERATOR = "monitoring.coreos.com/v1"


def one(kind: str) -> dict[str, Any]:
    (found,) = (manifest for manifest in MANIFESTS if manifest["kind"] == kind)
    return found


@pytest.mark.parametrize(
    "manifest", [one for one in MANIFESTS if one["apiVersion"] != OPERATOR], ids=lambda one: one["kind"]
)
def test_it_is_what_kubernetes_knows(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_every_kind_is_there() -> None:
    assert {manifest["kind"] for manifest in MANIFESTS} >= {
        *("ConfigMap", "Deployment", "NetworkPolicy", "PersistentVolumeClaim", "PodDisruptionBudget", "PrometheusRule"),
        *("Service", "ServiceAccount", "ServiceMonitor"),
    }


def test_what_is_mounted_exists_and_what_selects_finds_it() -> None:
    pod = one("Deployment")["spec"]["template"]
    labels = pod["metadata"]["labels"]
    names = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in MANIFESTS}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    (container,) = pod["spec"]["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert ("ConfigMap", volumes["config"]["configMap"]["name"]) in names
    assert ("PersistentVolumeClaim", volumes["data"]["persistentVolumeClaim"]["claimName"]) in names
    assert one("Service")["spec"]["selector"].items() <= labels.items()
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert one(kind)["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert (
        one("ServiceMonitor")["spec"]["selector"]["matchLabels"].items() <= one("Service")["metadata"]["labels"].items()
    )
    ports = {port["name"] for port in container["ports"]}
    assert {probe["httpGet"]["port"] for name, probe in container.items() if name.endswith("Probe")} <= ports


def test_the_configuration_loads(tmp_path: Path) -> None:
    text: str = one("ConfigMap")["data"]["alertd.yml"]
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "slack_url").write_text("https://hooks.slack.example/x")
    (secrets / "pagerduty_key").write_text("k" * 32)
    file = tmp_path / "alertd.yml"
    file.write_text(text.replace("/etc/alertd-secrets", str(secrets)))
    config = load(file)
    assert [receiver.name for receiver in config.receivers] == ["slack", "pagerduty"]
    assert config.groups, "the pack"
    assert not config.warnings


def test_the_rules_load_as_they_are() -> None:
    file = load_rule_file((FOLDER / "prometheus-operator.yaml").read_text(), file="prometheus-operator.yaml")
    assert [problem for problem in file.problems if problem.is_error] == []
    assert [rule.name for group in file.groups for rule in group.rules] == ["AlertdDown"]
