import pytest

from alertd.yamlio import ConfigError, Problem, Severity, in_order
from alertd.yamlio.suggest import did_you_mean, suggestion


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        pytest.param(
            Problem(
                file="alertd.yml",
                line=41,
                column=15,
                path="route.routes[2].receiver",
                message='receiver "slak" is not defined',
                fix='did you mean "slack"? defined: email, slack',
            ),
            'alertd.yml:41:15 route.routes[2].receiver: receiver "slak" is not defined; '
            'did you mean "slack"? defined: email, slack',
            id="an error with a remedy",
        ),
        pytest.param(Problem(file="r.yml", message="no such file"), "r.yml:1:1 no such file", id="the whole file"),
        pytest.param(
            Problem(file="r.yml", line=2, path="a", message="odd", severity=Severity.WARNING, code="AL001"),
            "r.yml:2:1 a: warning: odd [AL001]",
            id="a finding of lint",
        ),
    ],
)
def test_a_problem_prints_as_place_path_message_and_remedy(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_problems_are_sorted_by_place_and_told_once() -> None:
    late = Problem(file="a", line=10, message="x")
    early = Problem(file="a", line=9, message="y")
    assert in_order([late, early, late]) == (early, late)


def test_a_config_error_holds_and_prints_every_problem() -> None:
    error = ConfigError([Problem(file="b", message="second"), Problem(file="a", message="first")])
    assert str(error) == "a:1:1 first\nb:1:1 second"
    assert len(error.problems) == 2


@pytest.mark.parametrize(
    ("word", "choices", "expected"),
    [
        pytest.param("reciever", ["receiver", "route"], 'did you mean "receiver"? known: receiver, route', id="close"),
        pytest.param("zzz", ["receiver"], "known: receiver", id="nothing close"),
        pytest.param("Receiver", ["receiver"], 'did you mean "receiver"? known: receiver', id="other case"),
        pytest.param("x", [], "", id="nothing known"),
        pytest.param("k20", [f"k{n}" for n in range(13)], 'did you mean "k2"?', id="a long list is left out"),
    ],
)
def test_suggestions(word: str, choices: list[str], expected: str) -> None:
    assert suggestion(word, choices) == expected


def test_did_you_mean_keeps_silent_without_a_close_match() -> None:
    assert did_you_mean("zzz", ["receiver"]) == ""
