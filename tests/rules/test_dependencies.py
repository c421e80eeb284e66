"""Which rules of a group wait for earlier ones of the same slot."""

import pytest

from alertd.rules.dependencies import chunks
from alertd.rules.rule import Rule
from tests.support.rules import a_recording_rule, an_alerting_rule


def alert(expr: str, **rest: object) -> Rule:
    return an_alerting_rule(expr=expr, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([], [], id="no rules, nothing to run"),
        pytest.param([alert("a > 1"), alert("b > 1")], [[0, 1]], id="rules that read other series go together"),
        pytest.param(
            [a_recording_rule("r", "a"), alert("r > 1")], [[0], [1]], id="a rule on a recorded series waits for it"
        ),
        pytest.param([alert("r > 1"), a_recording_rule("r", "a")], [[0, 1]], id="a later record is read one slot late"),
        pytest.param([alert("a > 1"), alert('ALERTS{alertname="A"} > 0')], [[0], [1]], id="a rule on ALERTS waits"),
        pytest.param(
            [a_recording_rule("r", "a"), alert('{job="x"} > 1')], [[0], [1]], id="a selector without a name waits"
        ),
        pytest.param(
            [a_recording_rule("r", "a"), a_recording_rule("s", "b"), alert("r > 1"), alert("s > 1")],
            [[0, 1], [2, 3]],
            id="what was written in one run is there for all of the next",
        ),
        pytest.param(
            [a_recording_rule("r", "a"), a_recording_rule("s", "r"), alert("s > r")],
            [[0], [1], [2]],
            id="a chain is as many runs as links",
        ),
        pytest.param(
            [a_recording_rule("r", "a"), alert("b > 1", annotations={"d": '{{ query "r" | first | value }}'})],
            [[0], [1]],
            id="a template that asks queries waits",
        ),
        pytest.param(
            [a_recording_rule("r", "a"), alert("b > 1", annotations={"d": "the query is slow"})],
            [[0, 1]],
            id="a text that only speaks of a query does not",
        ),
    ],
)
def test_chunks(rules: list[Rule], expected: list[list[int]]) -> None:
    assert [list(run) for run in chunks(rules)] == expected
