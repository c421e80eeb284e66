"""`alertd routes`: the tree as people read it, and beside amtool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.cli import Ran, run_cli
from tests.support.servers import program

CONFIG = """
route:
  receiver: ops
  group_by: [alertname]
  routes:
    - receiver: audit
      matchers: [severity=~"page|warn"]
      continue: true
    - receiver: db
      matchers: [team="db"]
      group_wait: 10s
      routes:
        - receiver: dba
          matchers: [severity="page"]
    - receiver: web
      matchers: [team="web"]
receivers: [{name: ops}, {name: audit}, {name: db}, {name: dba}, {name: web}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "alertd.yml").write_text(CONFIG)
    return tmp_path / "alertd.yml"


def routes(config: Path, *args: str, stdin: str | None = None) -> Ran:
    return run_cli("routes", *args, "--config.file", str(config), stdin=stdin)


def test_the_tree_is_shown_with_what_each_node_inherits(config: Path) -> None:
    timing = "group_by: [alertname]  wait 30s  then every 5m  repeated after 4h"
    quick = timing.replace("30s", "10s")
    assert routes(config, "show").lines == [
        f"{{}}  receiver: ops  {timing}",
        f'├── {{severity=~"page|warn"}}  receiver: audit  continue: true  {timing}',
        f'├── {{team="db"}}  receiver: db  {quick}',
        f'│   └── {{severity="page"}}  receiver: dba  {quick}',
        f'└── {{team="web"}}  receiver: web  {timing}',
    ]


def test_the_tree_as_json(config: Path) -> None:
    root = routes(config, "show", "--output=json").json
    assert [child["receiver"] for child in root["routes"]] == ["audit", "db", "web"]
    assert root["routes"][1]["routes"][0]["groupWait"] == "10s"


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param([], id="no labels"),
        pytest.param(["team=db"], id="a child"),
        pytest.param(["team=db", "severity=page"], id="a grandchild, after one that continues"),
        pytest.param(["team=web", "severity=warn"], id="two receivers"),
        pytest.param(["team=other"], id="nobody's"),
    ],
)
def test_receivers_are_those_amtool_names(config: Path, labels: list[str]) -> None:
    oracle = subprocess.run(
        [program("amtool"), "config", "routes", "test", f"--config.file={config}", *labels],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    ran = routes(config, "test", *labels)
    assert (ran.status, ran.out) == (0, oracle.stdout)


def test_explain_says_at_each_node_why(config: Path) -> None:
    assert routes(config, "test", "alertname=A", "severity=page", "team=db", "--explain").lines == [
        "{} ops: matches, and passes it on",
        '  {severity=~"page|warn"} audit: takes it, group {alertname="A"}',
        '  {team="db"} db: matches, and passes it on',
        '    {severity="page"} dba: takes it, group {alertname="A"}',
        '  {team="web"} web: is not asked: an earlier sibling took it and has no continue: true',
        "audit,dba",
    ]
    assert '  {team="web"} web: does not match: team is ""' in routes(config, "test", "--explain").lines


def test_as_json_it_has_groups_and_the_explanation(config: Path) -> None:
    said = routes(config, "test", "alertname=A", "team=web", "--explain", "--output=json").json
    assert said["receivers"] == ["web"]
    assert said["routes"][0]["groupLabels"] == {"alertname": "A"}
    assert [(one["receiver"], one["verdict"], one["failing"]) for one in said["explanation"]] == [
        ("ops", "passed on", None),
        ("audit", "no match", 'severity=~"page|warn"'),
        ("db", "no match", 'team="db"'),
        ("web", "taken", None),
    ]


def test_expect_decides_the_exit_status(config: Path) -> None:
    assert routes(config, "test", "team=db", "severity=page", "--expect=audit,dba").status == 0
    missed = routes(config, "test", "team=db", "--expect=dba")
    assert (missed.status, missed.out, missed.err) == (1, "db\n", "alertd: expected dba, got db\n")


@pytest.mark.parametrize(
    ("text", "args", "status", "said"),
    [
        pytest.param(CONFIG, ["test", "team"], 2, "write it as name=value", id="no label"),
        pytest.param(
            "alertmanagers: [{static_configs: [{targets: [a]}]}]\n",
            ["show"],
            1,
            "no route: nobody is told",
            id="no route",
        ),
        pytest.param("route: {receiver: a}\n", ["show"], 1, "alertd.yml:1:", id="a configuration that is wrong"),
    ],
)
def test_what_cannot_be_said_is_told(tmp_path: Path, text: str, args: list[str], status: int, said: str) -> None:
    (tmp_path / "alertd.yml").write_text(text)
    ran = routes(tmp_path / "alertd.yml", *args)
    assert ran.status == status
    assert said in ran.err


LINES = """
# what amtool and the API write
team=db severity=page
{"team": "web", "note": "a=b c"}

note="two words" team=x
"""


def test_many_alerts_are_read_from_standard_input(config: Path) -> None:
    assert routes(config, "test", "-", stdin=LINES).lines == [
        'severity="page" team="db": audit,dba',
        'note="a=b c" team="web": web',
        'note="two words" team="x": ops',
    ]
    found = routes(config, "test", "-", "--output=json", stdin=LINES).json
    assert [one["receivers"] for one in found] == [["audit", "dba"], ["web"], ["ops"]]
    assert routes(config, "test", "-", "--output=json", stdin="").json == []


def test_the_alerts_that_go_elsewhere_than_expected_are_told(config: Path) -> None:
    ran = routes(config, "test", "-", "--expect=ops", stdin="team=x\nteam=web\nteam=y\n")
    assert (ran.status, ran.err) == (1, 'alertd: team="web": expected ops, got web\n')
    assert routes(config, "test", "-", "--expect=ops", stdin="team=x\n").status == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("team", '"team" is no label'),
        ('team="a', "No closing quotation"),
        ('{"team": 1}', "Expected `str`, got `int`"),
        ("{team: a}", "JSON is malformed"),
    ],
)
def test_a_line_that_is_no_alert_is_told_with_its_number(config: Path, line: str, said: str) -> None:
    ran = routes(config, "test", "-", stdin=f"team=x\n{line}\n")
    assert ran.status == 2
    assert f"line 2: {said}" in ran.err
