"""A file of unit tests of rules: promtool's format, and what alertd adds to it (`match: subset`, `exp_notifications`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from alertd.labels import LabelSet
from alertd.replay.series_name import parse_series
from alertd.replay.series_notation import expand
from alertd.settings import Duration, Settings
from alertd.yamlio import Node, locate, number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTERVAL = timedelta(minutes=1)


def _number(text: Any) -> float:
    """A YAML number: `NaN` is a text there, `.nan` the number."""
    found = number(str(text))
    if found is None:
        raise ValueError("must be a number; write .nan, .inf or -.inf for what is none")
    return float(found)


def _time(text: Any) -> datetime:
    """Unix seconds or RFC 3339."""
    try:
        return _EPOCH + timedelta(seconds=float(str(text)))
    except (ValueError, OverflowError):
        pass
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        time = _EPOCH.replace(tzinfo=None)
    if time.tzinfo is None:
        raise ValueError("must be Unix seconds, or a time such as 2026-01-31T09:00:00Z")
    return time.astimezone(UTC)


def _series(text: Any) -> LabelSet:
    if not isinstance(text, str):
        raise ValueError('must be a text such as up{job="x"}')
    return parse_series(text)


def _in_notation(text: str) -> str:
    expand(text)
    return text


def _null_is_empty(texts: Any) -> Any:
    return {name: "" if text is None else text for name, text in texts.items()} if isinstance(texts, dict) else texts


def _no_empty_labels(labels: dict[str, str]) -> dict[str, str]:
    for name, text in labels.items():
        if not text:
            raise ValueError(f"{name} is empty, and an alert has no empty labels")
    return labels


Series = Annotated[LabelSet, BeforeValidator(_series, json_schema_input_type=str)]


Texts = Annotated[dict[str, str], BeforeValidator(_null_is_empty)]


class _Fields(Settings):
    """A mapping whose keys without a value are absent."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, fields: Any) -> Any:
        return (
            {key: value for key, value in fields.items() if value is not None} if isinstance(fields, dict) else fields
        )


class Match(StrEnum):
    """How far an alert must agree with an expected one."""

    EXACT = "exact"  # all labels and annotations, as in promtool
    SUBSET = "subset"  # those that are given


class ExpectedAlert(_Fields):
    """One alert that must be firing."""

    exp_labels: Annotated[Texts, AfterValidator(_no_empty_labels)] = Field(
        {}, description="its labels, alertname left out"
    )
    exp_annotations: Texts = Field({}, description="its annotations")
    match: Match = Field(
        Match.EXACT, description="subset: the alert may have further labels and annotations (promtool knows only exact)"
    )


class AlertCheck(_Fields):
    """Which alerts of a name must be firing at a time; none where `exp_alerts` is empty."""

    eval_time: Duration = Field(timedelta(), description="time since the start of the test")
    alertname: str = Field(min_length=1, description="name of the alerting rule")
    exp_alerts: tuple[ExpectedAlert, ...] = Field((), description="all alerts of that name that must be firing")


class ExpectedSample(_Fields):
    """One series of an answer."""

    labels: Series = Field(description='the series, such as up{job="x"}; {} for a scalar')
    value: Annotated[float, BeforeValidator(_number)] = Field(0.0, description="compared exactly; NaN equals nothing")
    histogram: None = Field(None, description="native histograms are not supported")

    @field_validator("histogram", mode="before")
    @classmethod
    def _no_histogram(cls, _: Any) -> None:
        raise ValueError("native histograms are not supported")


class ExpressionCheck(_Fields):
    """What an expression must answer at a time, everything recorded until then included."""

    expr: str = Field(description="PromQL")
    eval_time: Duration = Field(timedelta(), description="time since the start of the test")
    exp_samples: tuple[ExpectedSample, ...] = Field((), description="the answer, in any order")


class ExpectedNotification(_Fields):
    """Who must be told at a time, and of what; or must not be."""

    at: Duration = Field(
        description="time since the start of the test; a notification may come until the next evaluation"
    )
    receiver: str = Field(min_length=1, description="name of the receiver")
    contains: tuple[str, ...] = Field((), description="texts that one of its notifications must hold, all of them")
    none: Literal["true", "false"] = Field("false", description="true: there must be no such notification")


class InputSeries(_Fields):
    """One series the rules see."""

    series: Series = Field(description='such as up{job="x"}')
    values: Annotated[str, AfterValidator(_in_notation)] = Field(
        "", description="its values, one per interval, in promtool's notation: 0+10x60 _x5 stale"
    )


class UnitTestGroup(_Fields):
    """Series, and what the rules must make of them."""

    name: str = Field("", description="shown in results, chosen by --run")
    interval: Duration | None = Field(None, description="distance of values; evaluation_interval where absent or 0")
    start_timestamp: Annotated[datetime, BeforeValidator(_time, json_schema_input_type=float | str)] = Field(
        _EPOCH, description="time of the first value: Unix seconds or RFC 3339"
    )
    input_series: tuple[InputSeries, ...] = Field((), description="a series given twice is the second one")
    external_labels: Texts = Field({}, description="$externalLabels in templates")
    external_url: str = Field("", description="$externalURL in templates")
    alert_rule_test: tuple[AlertCheck, ...] = Field((), description="which alerts must be firing")
    promql_expr_test: tuple[ExpressionCheck, ...] = Field((), description="what expressions must answer")
    exp_notifications: tuple[ExpectedNotification, ...] = Field((), description="who must be told; needs config")

    @property
    def duration(self) -> timedelta:
        """The latest time anything is checked at."""
        times = [alert.eval_time for alert in self.alert_rule_test]
        times += [expression.eval_time for expression in self.promql_expr_test]
        times += [notification.at for notification in self.exp_notifications]
        return max(times, default=timedelta())


class UnitTests(_Fields):
    """The whole file."""

    rule_files: tuple[str, ...] = Field((), description="paths or patterns, relative to the folder of this file")
    config: str = Field("", description="an alertd.yml with routes and receivers, relative to the folder of this file")
    evaluation_interval: Annotated[Duration, AfterValidator(lambda given: given or _INTERVAL)] = Field(
        _INTERVAL, description="distance of evaluations; the intervals of rule groups do not count"
    )
    group_eval_order: tuple[str, ...] = Field(
        (), description="names of rule groups in the order of evaluation; others count as the first of them"
    )
    fuzzy_compare: bool = Field(False, description="values may differ in their last bit")
    tests: tuple[UnitTestGroup, ...] = Field((), description="each starts with empty storage and fresh rules")

    @model_validator(mode="after")
    def _notifications_need_routes(self) -> Self:
        if not self.config and any(group.exp_notifications for group in self.tests):
            raise ValueError("exp_notifications needs config: the alertd.yml whose routes and receivers are meant")
        return self

    @field_validator("group_eval_order")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for position, name in enumerate(names):
            if name in names[:position]:
                raise ValueError(f"group name repeated in evaluation order: {name}")
        return names


@dataclass(frozen=True, slots=True)
class UnitTestFile:
    """A file that was read: its tests, and where each thing stands in it (`root`, None for an empty file)."""

    path: Path
    tests: UnitTests
    root: Node | None = None

    def line(self, *place: str | int) -> int:
        """The line of a value, such as `("tests", 0, "alert_rule_test", 2)`."""
        return 1 if self.root is None else locate(self.root, place)[0].line
