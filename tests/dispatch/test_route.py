"""The route: settings as Alertmanager checks them, and the labels that make a group."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from alertd.dispatch.route import Route, RouteSettings
from alertd.labels import LabelSet


def test_defaults_are_alertmanagers() -> None:
    route = Route.from_settings(RouteSettings(receiver="ops"))
    assert (route.key, route.group_by) == ("{}", frozenset())
    assert (route.group_wait, route.group_interval, route.repeat_interval) == (
        timedelta(seconds=30),
        timedelta(minutes=5),
        timedelta(hours=4),
    )


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        pytest.param({}, "root route must specify a default receiver", id="the receiver is required"),
        pytest.param({"receiver": ""}, "root route must specify a default receiver", id="an empty receiver is none"),
        pytest.param({"receiver": "a", "group_by": ["x", "x"]}, 'duplicated label "x" in group_by', id="twice"),
        pytest.param({"receiver": "a", "group_by": [""]}, 'invalid label name "" in group_by list', id="no label name"),
        pytest.param({"receiver": "a", "group_by": ["...", "x"]}, "cannot have wildcard group_by", id="all and one"),
        pytest.param({"receiver": "a", "group_interval": "0s"}, "group_interval cannot be zero", id="interval 0"),
        pytest.param({"receiver": "a", "repeat_interval": "0s"}, "repeat_interval cannot be zero", id="repeat 0"),
        pytest.param({"receiver": "a", "group_wait": "1.5s"}, 'not a valid duration string: "1.5s"', id="fraction"),
        pytest.param({"receiver": "a", "route": []}, "Extra inputs are not permitted", id="unknown keys are refused"),
    ],
)
def test_bad_routes_are_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        RouteSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("group_by", "labels"),
    [
        pytest.param([], {}, id="without group_by everything is one group"),
        pytest.param(["alertname"], {"alertname": "A"}, id="by a label it has"),
        pytest.param(["team"], {}, id="a label it lacks is left out"),
        pytest.param(["..."], {"alertname": "A", "x": "1"}, id="by every label"),
    ],
)
def test_group_labels(group_by: list[str], labels: dict[str, str]) -> None:
    route = Route.from_settings(RouteSettings(receiver="ops", group_by=tuple(group_by), group_wait=timedelta()))
    assert route.group_labels(LabelSet({"alertname": "A", "x": "1"})) == LabelSet(labels)


def test_the_root_takes_every_alert() -> None:
    route = Route(receiver="ops")
    assert route.match(LabelSet({"x": "1"})) == (route,)
