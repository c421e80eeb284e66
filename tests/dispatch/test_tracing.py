"""Why an alert goes where it goes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.dispatch.route import Route, RouteSettings
from alertd.dispatch.tracing import Verdict, trace
from alertd.labels import LabelSet

TREE = {
    "receiver": "ops",
    "routes": [
        {"receiver": "audit", "matchers": ['severity=~"page|warn"'], "continue": True},
        {
            "receiver": "db",
            "matchers": ['team="db"'],
            "routes": [{"receiver": "dba", "matchers": ['severity="page"', 'env!="dev"']}],
        },
        {"receiver": "web", "matchers": ['team=~"web|db"']},
    ],
}


def tree(settings: Mapping[str, object] = TREE) -> Route:
    return Route.from_settings(RouteSettings.model_validate(settings))


def visits(labels: Mapping[str, str]) -> list[tuple[int, str, Verdict, str]]:
    return [
        (visit.depth, visit.route.receiver, visit.verdict, str(visit.failing or ""))
        for visit in trace(tree(), LabelSet(labels))
    ]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param(
            {},
            [
                (0, "ops", Verdict.TAKEN, ""),
                (1, "audit", Verdict.NO_MATCH, 'severity=~"page|warn"'),
                (1, "db", Verdict.NO_MATCH, 'team="db"'),
                (1, "web", Verdict.NO_MATCH, 'team=~"web|db"'),
            ],
            id="nobody else takes it: the root does",
        ),
        pytest.param(
            {"severity": "page", "team": "db"},
            [
                (0, "ops", Verdict.PASSED_ON, ""),
                (1, "audit", Verdict.TAKEN, ""),
                (1, "db", Verdict.PASSED_ON, ""),
                (2, "dba", Verdict.TAKEN, ""),
                (1, "web", Verdict.NOT_OFFERED, ""),
            ],
            id="one continues, one does not",
        ),
        pytest.param(
            {"severity": "page", "team": "db", "env": "dev"},
            [
                (0, "ops", Verdict.PASSED_ON, ""),
                (1, "audit", Verdict.TAKEN, ""),
                (1, "db", Verdict.TAKEN, ""),
                (2, "dba", Verdict.NO_MATCH, 'env!="dev"'),
                (1, "web", Verdict.NOT_OFFERED, ""),
            ],
            id="the matcher that fails is named",
        ),
    ],
)
def test_every_node_says_what_became_of_the_alert(labels: Mapping[str, str], expected: list[object]) -> None:
    assert visits(labels) == expected


names = st.sampled_from(["a", "b"])
values = st.sampled_from(["1", "2", "3"])
matchers = st.builds(lambda name, op, value: f'{name}{op}"{value}"', names, st.sampled_from(["=", "!="]), values)


def nodes(children: st.SearchStrategy[list[dict[str, object]]]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {"matchers": st.lists(matchers, max_size=2), "continue": st.booleans(), "routes": children}
    )


subtrees = st.recursive(st.just([]), lambda children: st.lists(nodes(children), max_size=3), max_leaves=8)


@given(children=subtrees, labels=st.dictionaries(names, values))
def test_what_is_taken_is_what_matches(children: list[dict[str, object]], labels: dict[str, str]) -> None:
    root = tree({"receiver": "ops", "routes": children})
    taken = [visit.route for visit in trace(root, LabelSet(labels)) if visit.verdict is Verdict.TAKEN]
    assert taken == list(root.match(LabelSet(labels)))
