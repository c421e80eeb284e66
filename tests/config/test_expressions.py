import pytest

from alertd.config.expressions import expression_fault, syntax_tree, walk


@pytest.mark.parametrize(
    "expr",
    [
        pytest.param(r"up{job=~`a\d+`}", id="raw strings"),
        pytest.param("holt_winters(x[5m], 0.1, 0.1)", id="a function's old name"),
        pytest.param("double_exponential_smoothing(x[5m], 0.1, 0.1)", id="a function's new name"),
        pytest.param("rate(x[5m] smoothed)", id="extended range selectors"),
        pytest.param("rate(x[5m * 2])", id="arithmetic in a duration"),
        pytest.param("# only a comment first\nup == 0 # and one after", id="comments"),
        pytest.param("by > 1", id="a keyword as a metric name"),
        pytest.param('{"my.metric"} > 1', id="quoted metric names"),
        pytest.param(r'up{a=~"\\Qa.b\\E"}', id="a regular expression that only RE2 understands"),
        pytest.param("(" * 50_000 + "up" + ")" * 50_000, id="more brackets than are worth the time"),
        pytest.param("up[5m]", id="a range: its type is judged at evaluation"),
    ],
)
def test_what_some_prometheus_understands_is_not_refused(expr: str) -> None:
    assert expression_fault(expr) is None


@pytest.mark.parametrize(
    ("expr", "message", "at"),
    [
        pytest.param(
            "rate(x)",
            "could not parse expression: expected type matrix in call to function 'rate', got vector",
            "rate(x)",
            id="an instant vector where a range is needed",
        ),
        pytest.param(
            "1 > 2",
            "could not parse expression: comparisons between scalars must use BOOL modifier",
            "1 > 2",
            id="numbers compared without bool",
        ),
        pytest.param(
            "{}",
            "could not parse expression: vector selector must contain at least one non-empty matcher",
            "{}",
            id="a selector of everything",
        ),
        pytest.param(" ", "could not parse expression: no expression found in input", " ", id="nothing"),
        pytest.param("up + foo(x)", 'unknown function "foo"', "foo(x)", id="an unknown function"),
        pytest.param(
            'up{a=~"[)"}',
            "could not parse expression: error parsing regexp: missing closing ]: `[)`",
            '[)"}',
            id="a bad regular expression",
        ),
        pytest.param(
            'sum(x) / up{b!~"a**"}',
            "could not parse expression: error parsing regexp: invalid nested repetition operator: `**`",
            'a**"}',
            id="a regular expression that RE2 does not understand",
        ),
        pytest.param(
            "sum(rate(x[5m])", "could not parse expression: unclosed left parenthesis", "sum(", id="an open bracket"
        ),
        pytest.param("up > ", "could not parse expression", "up > ", id="an operator at the end"),
        pytest.param("foo bar", "could not parse expression", "foo bar", id="two words"),
        pytest.param("x default 0", "could not parse expression", "x default", id="what only VictoriaMetrics knows"),
    ],
)
def test_what_no_prometheus_understands_is_told(expr: str, message: str, at: str) -> None:
    fault = expression_fault(expr)
    assert fault is not None
    assert fault.message == message
    assert expr[fault.offset :].startswith(at)


def test_a_tree_is_walked_from_the_outside_in() -> None:
    assert [type(node).__name__ for node in walk(syntax_tree("sum(rate(x[5m]))"))][:2] == ["AggregateExpr", "Call"]
    assert walk(syntax_tree("sum(")) == []
