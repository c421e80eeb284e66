"""What holds for every template, value and format."""

from __future__ import annotations

import html as python_html
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from alertd.template import ExecError, ParseError, Template
from alertd.template.alertmanager import KV, TemplateSet, build_data
from alertd.template.builtins import BUILTINS
from alertd.template.calendar import civil_from_days, days_from_civil
from alertd.template.constants import parse_float
from alertd.template.fmt import sprint, sprintf
from alertd.template.functions import FunctionSet
from alertd.template.gotime import Time, parse_rfc3339
from alertd.template.humanize import humanize, humanize1024, humanize_duration, humanize_percentage
from alertd.template.numbers import format_float
from alertd.template.prometheus import RuleData, compile_rule_template
from alertd.template.quoting import go_quote, unquote_string
from alertd.template.timeparsing import parse_time

FUNCTIONS = FunctionSet(BUILTINS)
AT = datetime(2026, 1, 15, tzinfo=UTC)
SET = TemplateSet()
texts = st.text(max_size=60)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


@given(texts.filter(lambda text: "{{" not in text))
def test_a_text_without_actions_renders_to_itself(text: str) -> None:
    assert Template.parse(text, name="t", functions=FUNCTIONS).render(None) == text
    assert compile_rule_template(text, alert="A").render(RuleData(labels={}, value=1.0, at=AT)) == text


@given(st.text(alphabet="{}.-|()$:= \"`'/*\nabifendrangewith019,é", max_size=40), values)
def test_any_text_either_renders_or_is_refused_with_a_template_error(text: str, data: object) -> None:
    with suppress(ParseError, ExecError):
        Template.parse(text, name="t", functions=FUNCTIONS).render(data)


@given(st.text(alphabet="%+-# 0123456789.*[]vdsqxXfeEgGtTcUbow!é", max_size=12), st.lists(values, max_size=3))
def test_printf_never_raises(template: str, operands: list[object]) -> None:
    assert isinstance(sprintf(template, operands), str)


@given(st.lists(values, max_size=3))
def test_print_is_printf_with_v(operands: list[object]) -> None:
    assert sprint(operands[:1]) == sprintf("%v" * len(operands[:1]), operands[:1])


@given(texts)
def test_quoting_can_be_read_back(text: str) -> None:
    assert unquote_string(go_quote(text)) == text
    assert unquote_string(go_quote(text, ascii_only=True)) == text


@given(st.floats(allow_nan=False))
def test_floats_print_with_digits_that_read_back(value: float) -> None:
    assert parse_float(format_float(value)) == value


@given(st.floats())
def test_humanize_takes_every_number(value: float) -> None:
    for function in (humanize, humanize1024, humanize_duration, humanize_percentage):
        assert function(value)


@given(texts)
def test_escaped_text_leaves_no_tag_and_reads_back(text: str) -> None:
    page = page_of("{{ .CommonLabels.x }}", text)
    assert "<" not in page
    assert ">" not in page
    assert python_html.unescape(page) == text.replace("\0", "\ufffd") or not text.isprintable()


@given(texts)
def test_a_value_never_leaves_its_attribute(text: str) -> None:
    page = page_of('<a title="{{ .CommonLabels.x }}" href="{{ .CommonLabels.x }}" id={{ .CommonLabels.x }}>', text)
    assert page.count('"') == 4
    assert page.count("<") == page.count(">") == 1
    assert "javascript:" not in page.split("href=")[1].lower().split(" id=")[0]


@given(texts)
def test_a_value_never_leaves_its_script_or_style(text: str) -> None:
    page = page_of(
        '<script>var a = {{ .CommonLabels.x }}, b = "{{ .CommonLabels.x }}";</script>'
        "<style>p { color: {{ .CommonLabels.x }} }</style>",
        text,
    )
    assert page.count("<") == 4
    assert page.count("</script>") == page.count("</style>") == 1


def page_of(template: str, label: str) -> str:
    data = build_data(receiver="r", alerts=[], group_labels={}, external_url="http://am")
    labelled = type(data)(
        receiver=data.receiver,
        status=data.status,
        alerts=data.alerts,
        group_labels=KV(),
        common_labels=KV(x=label),
        common_annotations=KV(),
        external_url="http://am",
    )
    return SET.html(template, labelled, now=AT)


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)), st.integers(0, 999))
def test_times_read_back_from_what_they_print(moment: datetime, nanos: int) -> None:
    time = Time.of_datetime(moment.replace(tzinfo=UTC))
    time = Time(time.seconds, time.nanos + nanos)
    text = time.format("2006-01-02T15:04:05.999999999Z07:00")
    assert parse_rfc3339(text).unix_nanos == time.unix_nanos
    assert parse_time("2006-01-02T15:04:05Z07:00", text).unix_nanos == time.unix_nanos


@given(st.integers(-3_000_000, 3_000_000))
def test_the_calendar_is_its_own_inverse(day: int) -> None:
    assert days_from_civil(*civil_from_days(day)) == day
