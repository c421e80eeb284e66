"""The routing tree: whom an alert comes to, what is inherited, and the same answers as Alertmanager's own `amtool`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alertd.dispatch.quoting import group_key
from alertd.dispatch.route import Route, RouteSettings
from alertd.labels import LabelSet
from alertd.labels.matcher import all_match, matchers_text
from tests.support.matchers import LABEL_SETS, MATCHER_LISTS
from tests.support.servers import program

TREES = range(60)
LABEL_SETS_PER_TREE = 6


def tree(**settings: Any) -> Route:
    return Route.from_settings(RouteSettings.model_validate({"receiver": "root", **settings}))


def taken(route: Route, **labels: str) -> list[str]:
    return [one.receiver for one in route.match(LabelSet(labels))]


class TestMatching:
    def test_an_alert_no_child_takes_stays(self) -> None:
        route = tree(routes=[{"receiver": "a", "matchers": ["x=1"]}])
        assert taken(route, x="2") == ["root"]
        assert taken(route, x="1") == ["a"]

    def test_the_first_child_that_matches_takes_it_unless_it_says_continue(self) -> None:
        routes = [
            {"receiver": "a", "matchers": ["x=1"], "continue": True},
            {"receiver": "b", "matchers": ["x=~1|2"]},
            {"receiver": "c", "matchers": ["x=~.+"]},
        ]
        route = tree(routes=routes)
        assert [taken(route, x=value) for value in "123"] == [["a", "b"], ["b"], ["c"]]

    def test_depth_comes_first(self) -> None:
        inner = [{"receiver": "b", "matchers": ["y=1"], "continue": True}, {"receiver": "c", "matchers": ["y=1"]}]
        route = tree(
            routes=[{"receiver": "a", "matchers": ["x=1"], "continue": True, "routes": inner}, {"receiver": "d"}]
        )
        assert taken(route, x="1", y="1") == ["b", "c", "d"]
        assert taken(route, x="1") == ["a", "d"]

    def test_everything_a_route_names_must_match(self) -> None:
        route = tree(routes=[{"receiver": "a", "match": {"x": "1"}, "match_re": {"y": "a.*"}, "matchers": ['z!="3"']}])
        assert taken(route, x="1", y="ab", z="2") == ["a"]
        assert taken(route, x="1", y="ab") == ["a"]
        for labels in ({"x": "2", "y": "ab"}, {"x": "1", "y": "ba"}, {"x": "1", "y": "ab", "z": "3"}):
            assert taken(route, **labels) == ["root"]

    def test_an_item_of_matchers_may_hold_several(self) -> None:
        route = tree(routes=[{"receiver": "a", "matchers": ['{x="1", y="2"}']}])
        assert taken(route, x="1", y="2") == ["a"]
        assert taken(route, x="1") == ["root"]

    def test_names_in_utf8(self) -> None:
        route = tree(routes=[{"receiver": "a", "matchers": ['"service.name"="api"']}], group_by=["service.name"])
        labels = LabelSet({"service.name": "api", "x": "1"})
        assert [one.receiver for one in route.match(labels)] == ["a"]
        assert route.group_labels(labels) == LabelSet({"service.name": "api"})


class TestInheritance:
    def test_receiver_grouping_and_timers_are_inherited(self) -> None:
        route = tree(
            group_by=["a"], group_wait="1s", routes=[{"group_interval": "2s", "routes": [{"repeat_interval": "3s"}]}]
        )
        leaf = route.routes[0].routes[0]
        assert (leaf.receiver, leaf.group_by) == ("root", {"a"})
        assert (leaf.group_wait, leaf.group_interval, leaf.repeat_interval) == (
            timedelta(seconds=1),
            timedelta(seconds=2),
            timedelta(seconds=3),
        )

    @pytest.mark.parametrize(
        ("parent", "child", "expected"),
        [
            pytest.param(["..."], ["a"], {"a"}, id="names under every label"),
            pytest.param(["a"], ["..."], None, id="every label under names"),
            pytest.param(["..."], None, None, id="every label is inherited"),
            pytest.param(["a"], [], set(), id="an empty list is one group for everything"),
        ],
    )
    def test_group_by(self, parent: list[str], child: list[str] | None, expected: set[str] | None) -> None:
        route = tree(group_by=parent, routes=[{} if child is None else {"group_by": child}])
        assert route.routes[0].group_by == expected

    def test_intervals_and_continue_are_not_inherited(self) -> None:
        muted = {"mute_time_intervals": ["night"], "active_time_intervals": ["day"], "continue": True}
        route = tree(routes=[{**muted, "routes": [{}]}])
        parent, child = route.routes[0], route.routes[0].routes[0]
        assert (parent.mute_time_intervals, parent.active_time_intervals, parent.continues) == (
            ("night",),
            ("day",),
            True,
        )
        assert (child.mute_time_intervals, child.active_time_intervals, child.continues) == ((), (), False)

    def test_labels_are_added_to_the_parents(self) -> None:
        route = tree(labels={"a": "1", "b": "1"}, routes=[{"labels": {"b": "2"}}])
        assert route.routes[0].labels == {"a": "1", "b": "2"}


class TestKeys:
    def test_as_alertmanager_prints_them(self) -> None:
        inner = [{"match_re": {"d": "y.*"}}]
        routes = [
            {"matchers": ['b="2"', 'a=~"1|3"'], "match": {"c": "x"}},
            {"match": {"a": "1"}, "routes": inner},
            {},
            {"matchers": ['v="q\\"\\n"']},
        ]
        assert [node.key for node in tree(routes=routes).walk()] == [
            "{}",
            '{}/{a=~"1|3",b="2",c="x"}',
            '{}/{a="1"}',
            '{}/{a="1"}/{d=~"^(?:y.*)$"}',
            "{}/{}",
            '{}/{v="q\\"\\n"}',
        ]

    def test_of_siblings_may_be_the_same_their_ids_are_not(self) -> None:
        critical = {"matchers": ['severity="critical"'], "continue": True}
        route = tree(routes=[{**critical, "receiver": "pager"}, {**critical, "receiver": "chat"}, {}])
        assert [node.id for node in route.walk()] == [
            "{}",
            '{}/{severity="critical"}',
            '{}/{severity="critical"}#2',
            "{}/{}",
        ]
        pager, chat = route.match(LabelSet({"severity": "critical"}))[:2]
        assert group_key(pager.key, {}) == group_key(chat.key, {})


@pytest.mark.parametrize(
    ("settings", "problem", "place"),
    [
        pytest.param({"continue": True}, "cannot have continue in root route", ("continue",), id="continue"),
        pytest.param({"matchers": ["x=1"]}, "root route must not have any matchers", ("matchers",), id="matchers"),
        pytest.param({"match": {"x": "1"}}, "root route must not have any matchers", ("match",), id="match"),
        pytest.param(
            {"mute_time_intervals": ["x"]},
            "root route must not have any mute time intervals",
            ("mute_time_intervals",),
            id="muted",
        ),
        pytest.param(
            {"active_time_intervals": ["x"]},
            "root route must not have any active time intervals",
            ("active_time_intervals",),
            id="active",
        ),
        pytest.param(
            {"routes": [{}, {"matchers": ["x=1", "y"]}]},
            "bad matcher format: y",
            ("routes", 1, "matchers", 1),
            id="no matcher",
        ),
        pytest.param(
            {"routes": [{"match_re": {"x": "("}}]},
            "error parsing regexp: missing closing ): `^(?:()$`",
            ("routes", 0, "match_re", "x"),
            id="a bad pattern",
        ),
        pytest.param(
            {"routes": [{"match": {"": "x"}}]},
            'invalid label name ""',
            ("routes", 0, "match", "", "[key]"),
            id="no label name",
        ),
        pytest.param(
            {"routes": [{"routes": [{"group_by": ["x", "x"]}]}]},
            'duplicated label "x" in group_by',
            ("routes", 0, "routes", 0, "group_by"),
            id="a label twice",
        ),
        pytest.param(
            {"routes": [{"repeat_interval": "0s"}]},
            "repeat_interval cannot be zero",
            ("routes", 0, "repeat_interval"),
            id="no time",
        ),
        pytest.param(
            {"routes": [{"matcher": []}]}, "Extra inputs", ("routes", 0, "matcher"), id="unknown keys are refused"
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    settings: dict[str, Any], problem: str, place: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as raised:
        tree(**settings)
    (detail,) = raised.value.errors()
    assert problem in detail["msg"]
    assert detail["loc"] == place


def by_the_book(node: Route, labels: LabelSet) -> list[Route]:
    """The algorithm in so many words."""
    if not all_match(node.matchers, labels):
        return []
    found: list[Route] = []
    for child in node.routes:
        own = by_the_book(child, labels)
        found += own
        if own and not child.continues:
            break
    return found or [node]


ROUTES = st.recursive(
    st.builds(Route, receiver=st.just("r"), matchers=MATCHER_LISTS, continues=st.booleans()),
    lambda children: st.builds(
        Route,
        receiver=st.just("r"),
        matchers=MATCHER_LISTS,
        continues=st.booleans(),
        routes=st.lists(children, max_size=4).map(tuple),
    ),
    max_leaves=8,
)


@given(st.lists(ROUTES, max_size=4), LABEL_SETS)
def test_every_alert_takes_a_route_and_every_route_it_takes_matches(routes: list[Route], labels: LabelSet) -> None:
    root = Route(receiver="root", routes=tuple(routes))
    found = root.match(labels)
    assert found
    assert all(all_match(route.matchers, labels) for route in found)
    assert list(map(id, found)) == list(map(id, by_the_book(root, labels)))


class Generated:
    """A tree of routes with a receiver for each node, some label sets, and what amtool says of them."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._receivers: list[str] = []
        self.settings = self._node(depth=0)
        self.label_sets = [self._labels() for _ in range(LABEL_SETS_PER_TREE)]
        self.answers: list[str] = []
        self.printed = ""

    def _node(self, depth: int) -> dict[str, Any]:
        self._receivers.append(f"r{len(self._receivers)}")
        node: dict[str, Any] = {"receiver": self._receivers[-1]}
        if depth:
            node |= self._conditions()
            node["continue"] = self._random.random() < 0.4
        node["routes"] = [self._node(depth + 1) for _ in range(self._random.randint(0, 4 - depth))]
        return node

    def _conditions(self) -> dict[str, Any]:
        """Few of them at once, so that many match."""
        pick = self._random.choice
        value, name = pick(["", "x", "y", "xy", 'q"u', "a,b"]), pick("abc")
        pattern = pick(["x|y", "x.*", ".*", ".+", "", "[xy]{2}", "(?i)X", "x?"])
        return pick(
            [
                {"match": {name: value}},
                {"match_re": {name: pattern}},
                {"matchers": [f"{name}{pick(['=', '!='])}{json.dumps(value)}"]},
                {"matchers": [f"{name}{pick(['=~', '!~'])}{json.dumps(pattern)}"]},
                {"matchers": [f'{{{name} != "z", {pick("abc")}=~"{pattern}",}}']},
                {"match": {"a": value}, "matchers": [f"b{pick(['=', '!='])}{pick('xy')}"]},
                {},
            ]
        )

    def _labels(self) -> dict[str, str]:
        values = ["x", "y", "xy", "X", 'q"u', "a,b", None]
        picked = {name: self._random.choice(values) for name in "abc"}
        return {name: value for name, value in picked.items() if value is not None}

    def ask_amtool(self, amtool: str, file: Path) -> None:
        receivers = [{"name": name} for name in self._receivers]
        file.write_text(json.dumps({"route": self.settings, "receivers": receivers}))
        config = f"--config.file={file}"
        for labels in self.label_sets:
            pairs = [f"{name}={json.dumps(value)}" for name, value in labels.items()]
            self.answers.append(_said([amtool, "config", "routes", "test", config, *pairs]))
        self.printed = _said([amtool, "config", "routes", "show", config])


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> list[Generated]:
    """All trees, asked in one go: amtool starts anew for each question."""
    folder, amtool = tmp_path_factory.mktemp("routes"), program("amtool")
    trees = [Generated(seed) for seed in TREES]
    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(lambda number: trees[number].ask_amtool(amtool, folder / f"{number}.yml"), TREES))
    return trees


@pytest.mark.parametrize("number", TREES)
def test_alerts_take_the_routes_amtool_says(number: int, generated: list[Generated]) -> None:
    case = generated[number]
    route = tree(**case.settings)
    for labels, answer in zip(case.label_sets, case.answers, strict=True):
        assert ",".join(taken(route, **labels)) == answer, labels


@pytest.mark.parametrize("number", TREES)
def test_matchers_are_printed_as_amtool_prints_them(number: int, generated: list[Generated]) -> None:
    case = generated[number]
    nodes = list(tree(**case.settings).walk())[1:]
    expected = [matchers_text(node.matchers) if node.matchers else "default-route" for node in nodes]
    assert expected == list(_printed_matchers(case.printed))


def _printed_matchers(printed: str) -> Iterator[str]:
    """`    ├── {a="1"}  continue: true  receiver: r1` -> `{a="1"}`, line by line below the root."""
    for line in printed.splitlines()[3:]:
        _, _, node = line.partition("── ")
        yield node.rpartition("  receiver: ")[0].removesuffix("  continue: true")


def test_many_routes_cost_little_more_than_few() -> None:
    routes = [{"receiver": f"r{number}", "match": {"team": f"t{number}"}} for number in range(500)]
    route, asked = tree(routes=routes), []

    class Counting(LabelSet):
        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            asked.append(name)
            return super().get(name, default)

    assert [one.receiver for one in route.match(Counting({"team": "t499"}))] == ["r499"]
    assert len(asked) < 5
