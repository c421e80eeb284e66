"""What a rule template is rendered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from alertd.template import gotypes as t
from alertd.template.gotypes import GoType
from alertd.template.values import Object, StringMap


@dataclass(slots=True)
class Sample(Object):
    """One series of a query result: `.Labels` and `.Value`."""

    labels: Mapping[str, str]
    value: float

    go_type: ClassVar[GoType] = t.pointer_to(
        t.named("template.sample", t.struct_of((("Labels", t.MAP_STRING), ("Value", t.FLOAT64))))
    )
    go_fields: ClassVar[Mapping[str, Callable[[object], object]]] = {
        "Labels": lambda sample: StringMap(sample.labels),  # type: ignore[attr-defined]
        "Value": lambda sample: sample.value,  # type: ignore[attr-defined]
    }


@dataclass(frozen=True, slots=True)
class QueryFailed:
    """Stands for the result of a query that could not be fetched."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleData:
    """What a rule template is rendered with.

    labels            of the series, `__name__` included
    value             the value that made the alert
    external_labels   of this instance
    external_url      under which this instance is reached
    queries           instant query results by expression; a QueryFailed makes `query` fail
    at                the evaluation time, UTC-aware: what `now` says
    alert             evidence of alertd's own kinds by Go field name (`Threshold`, `Expected`), or None
    """

    labels: Mapping[str, str]
    value: float
    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    queries: Mapping[str, Sequence[Sample] | QueryFailed] = field(default_factory=dict)
    at: datetime
    alert: Mapping[str, object] | None = None
