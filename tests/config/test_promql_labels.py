import pytest

from alertd.config.expressions import syntax_tree
from alertd.config.promql_labels import fires_on_data, labels_of


@pytest.mark.parametrize(
    ("expr", "has", "lacks"),
    [
        pytest.param("x", "job instance", "", id="a selector can have any label"),
        pytest.param("sum(x)", "", "job", id="an aggregation keeps none"),
        pytest.param("sum by (job) (x)", "job", "instance", id="by keeps those it names"),
        pytest.param("sum without (job) (x)", "instance", "job", id="without drops those it names"),
        pytest.param("sum by (job) (sum by (team) (x))", "", "job team", id="what the inner one dropped is gone"),
        pytest.param("sum by (job) (rate(x[5m])) > 5", "job", "instance", id="a comparison changes nothing"),
        pytest.param("5 < sum by (job) (x)", "job", "instance", id="a number on the left"),
        pytest.param("topk by (job) (3, x)", "job instance", "", id="topk keeps whole series"),
        pytest.param('count_values by (job) ("v", x)', "job v", "instance", id="count_values adds its label"),
        pytest.param("a / on (job) b", "job", "instance", id="on keeps those it names"),
        pytest.param("a / ignoring (job) b", "instance", "job", id="ignoring drops those it names"),
        pytest.param(
            "sum by (a) (x) * on (a) group_left (b) y", "a b", "c", id="group_left keeps the left side and adds labels"
        ),
        pytest.param(
            "y * on (a) group_right (b) sum by (a, c) (x)", "a b c", "d", id="group_right keeps the right side"
        ),
        pytest.param("sum by (a) (x) and on (a) y", "a", "b", id="and keeps the left side"),
        pytest.param("sum by (a) (x) unless y", "a", "b", id="unless keeps the left side"),
        pytest.param("sum by (a) (x) or sum by (b) (y)", "a b", "c", id="or has labels of both sides"),
        pytest.param("sum without (a) (x) or sum without (b) (y)", "a b", "", id="or of what each side keeps"),
        pytest.param("sum without (a) (x) or sum without (a) (y)", "b", "a", id="or of what neither side has"),
        pytest.param('label_replace(sum(x), "h", "$1", "i", "(.*)")', "h", "i", id="label_replace adds one"),
        pytest.param('label_join(sum(x), "h", "-", "i")', "h", "i", id="label_join adds one"),
        pytest.param('absent(x{job="a", team=~"b"})', "job", "team instance", id="absent has its equalities"),
        pytest.param('absent_over_time(x{job="a"}[5m])', "job", "instance", id="absent_over_time, too"),
        pytest.param("histogram_quantile(0.9, sum by (le, job) (x))", "job", "le", id="a quantile loses le"),
        pytest.param("vector(1)", "", "job", id="a constant has none"),
        pytest.param("max_over_time(sum by (job) (x)[1h:5m])", "job", "instance", id="through a subquery"),
        pytest.param("-(sum by (job) (x))", "job", "instance", id="through brackets and a sign"),
    ],
)
def test_labels_an_expression_can_have(expr: str, has: str, lacks: str) -> None:
    labels = labels_of(syntax_tree(expr))
    assert [name for name in has.split() if name not in labels] == []
    assert [name for name in lacks.split() if name in labels] == []


@pytest.mark.parametrize(
    ("expr", "always"),
    [
        pytest.param("up", True, id="a selector"),
        pytest.param("sum(rate(x[5m]))", True, id="a rate"),
        pytest.param("topk(3, x)", True, id="the largest"),
        pytest.param("x * 2", True, id="arithmetic"),
        pytest.param("x > bool 5", True, id="bool leaves nothing out"),
        pytest.param("x > 5 or y", True, id="one side of or"),
        pytest.param("clamp_min(x, 5)", True, id="a number among the arguments"),
        pytest.param("x > 5", False, id="a comparison"),
        pytest.param("sum(x > 5) by (job)", False, id="a comparison inside"),
        pytest.param("(x > 5) * 2", False, id="arithmetic on a comparison"),
        pytest.param("x > bool 5 == 1", False, id="bool compared"),
        pytest.param("x unless y", False, id="unless"),
        pytest.param("x and y", False, id="and"),
        pytest.param("x > 5 or y > 5", False, id="both sides of or"),
        pytest.param("absent(up)", False, id="absent"),
        pytest.param("vector(1)", False, id="meant to fire always"),
        pytest.param("1", False, id="a number"),
        pytest.param('ALERTS{alertstate="firing"}', False, id="other alerts"),
        pytest.param("count_over_time((x > 5)[1h:1m])", False, id="a comparison in a subquery"),
    ],
)
def test_whether_data_alone_make_it_fire(expr: str, always: bool) -> None:
    assert fires_on_data(syntax_tree(expr)) is always
