"""Reads the corpus of templates answered by real Go, and renders its cases.

One JSON object a line: id, kind (text, prom, am, amdata), template, defines, data, optional missingkey and html, then
either expected or error (parse or exec). Values that JSON cannot tell apart carry their Go type in "$t".
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alertd.template import Template
from alertd.template import gotypes as t
from alertd.template.builtins import BUILTINS
from alertd.template.errors import CallFailed
from alertd.template.functions import FunctionSet
from alertd.template.gotime import Duration, parse_rfc3339
from alertd.template.values import ErrorValue, Func, Int64, Map, Pointer, Slice, Struct, Uint, type_of

HERE = Path(__file__).parent
ESSENTIAL = HERE / "corpus" / "essential.jsonl"
PUBLIC = HERE.parents[2] / "shared" / "corpora" / "gotemplate_public.jsonl"

TEXT_FUNCTIONS = FunctionSet(BUILTINS)
_SCALARS = {
    "any": t.ANY,
    "string": t.STRING,
    "int": t.INT,
    "float64": t.FLOAT64,
    "bool": t.BOOL,
    "int64": t.INT64,
    "uint": t.UINT,
}


@dataclass(frozen=True)
class Case:
    """One case and where it comes from."""

    fields: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.fields["id"])

    @property
    def kind(self) -> str:
        return str(self.fields["kind"])


def files() -> list[Path]:
    """The corpora to run: TEMPLATE_CORPUS (several separated by a colon), or the public one, and always our own."""
    named = os.environ.get("TEMPLATE_CORPUS")
    if named:
        return [Path(name) for name in named.split(":") if name]
    return [path for path in (ESSENTIAL, PUBLIC) if path.exists()]


def cases() -> Iterator[Case]:
    """Every case once, though two files may hold it."""
    seen = set()
    for path in files():
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                case = Case(json.loads(line))
                if case.id not in seen:
                    seen.add(case.id)
                    yield case


# -- values -----------------------------------------------------------------------------------------------------------


def decode(value: Any) -> Any:
    """A JSON value as the Go value it stands for."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("$t")
    if kind is None:
        return {key: decode(item) for key, item in value.items()}
    return _DECODERS[kind](value)


def _slice(value: dict[str, Any]) -> Slice:
    go_type = t.slice_of(_SCALARS[value["of"]])
    return Slice([decode(item) for item in value["v"] or ()], go_type, nil=value["v"] is None)


def _map(value: dict[str, Any]) -> Map:
    go_type = t.map_of(_SCALARS[value["key"]], _SCALARS[value["of"]])
    return Map([(decode(key), decode(item)) for key, item in value["v"] or ()], go_type, nil=value["v"] is None)


def _struct(value: dict[str, Any]) -> Struct:
    fields = {name: decode(item) for name, item in value["v"]}
    go_type = t.struct_of(tuple((name, type_of(item)) for name, item in fields.items()))
    return Struct(fields, go_type)


def _fail(*args: object) -> object:
    raise CallFailed("boom")


def _panic(*args: object) -> object:
    raise CallFailed("ouch")


_FUNCS = {
    "addInts": Func(lambda *numbers: sum(numbers), (t.INT,), variadic=True, name="func(...int) int"),
    "concat": Func(lambda left, right: left + right, (t.STRING, t.STRING), name="func(string, string) string"),
    "half": Func(lambda number: number / 2, (t.FLOAT64,), name="func(float64) float64"),
    "fail": Func(_fail, (), name="func() (string, error)"),
    "panics": Func(_panic, (), name="func() string"),
}
_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "float64": lambda value: float(value["v"]),
    "int64": lambda value: Int64(value["v"]),
    "uint": lambda value: Uint(value["v"]),
    "time": lambda value: parse_rfc3339(value["v"]),
    "duration": lambda value: Duration(value["v"]),
    "bytes": lambda value: value["v"].encode(),
    "error": lambda value: ErrorValue(value["v"]),
    "slice": _slice,
    "map": _map,
    "struct": _struct,
    "ptr": lambda value: Pointer(_struct(value)),
    "func": lambda value: _FUNCS[value["v"]],
}


# -- rendering --------------------------------------------------------------------------------------------------------


def render(case: Case) -> str:
    """What the case's template gives; raises TemplateError."""
    return {"text": _render_text, "prom": _render_rule, "am": _render_notification, "amdata": _build_data}[case.kind](
        case.fields
    )


def _render_text(fields: dict[str, Any]) -> str:
    defines = [(f"d{number}", text) for number, text in enumerate(fields.get("defines") or ())]
    template = Template.parse(
        fields["template"],
        name="t",
        functions=TEXT_FUNCTIONS,
        defines=defines,
        missingkey=fields.get("missingkey", "default"),
    )
    return template.render(decode(fields["data"]))


def _render_rule(fields: dict[str, Any]) -> str:
    from alertd.template import prometheus

    data = fields["data"]
    queries = {
        expr: [prometheus.Sample(sample["metric"], float(sample["value"])) for sample in samples]
        for expr, samples in (data.get("queries") or {}).items()
    }
    rule_data = prometheus.RuleData(
        labels=data["labels"],
        value=float(data["value"]),
        external_labels=data["externalLabels"],
        external_url=data["externalURL"],
        queries=_Queries(queries),
        at=datetime.fromtimestamp(data["ts"], UTC),
    )
    template = prometheus.compile_rule_template(
        fields["template"], alert="Test", missingkey=fields.get("missingkey", "zero"), html=fields.get("html", False)
    )
    return template.render(rule_data)


class _Queries(dict[str, Any]):
    """Query results where an unknown expression fails instead of asking for a fetch."""

    def get(self, expr: str, default: Any = None) -> Any:
        from alertd.template.prometheus import QueryFailed

        return super().get(expr, QueryFailed(f"query failed: {expr}"))


_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _render_notification(fields: dict[str, Any]) -> str:
    from alertd.template.alertmanager import TemplateSet

    texts = [(f"d{number}.tmpl", text) for number, text in enumerate(fields.get("defines") or ())]
    templates = TemplateSet(texts)
    render_with = templates.html if fields.get("html") else templates.text
    return render_with(fields["template"], _data(fields["data"]), now=_NOW)


def _data(data: dict[str, Any]) -> Any:
    from alertd.template.alertmanager import KV, Alert, Alerts, Data

    alerts = [
        Alert(
            status=alert["status"],
            labels=KV(alert["labels"]),
            annotations=KV(alert["annotations"]),
            starts_at=parse_rfc3339(alert["startsAt"]),
            ends_at=parse_rfc3339(alert["endsAt"]),
            generator_url=alert["generatorURL"],
            fingerprint=alert["fingerprint"],
        )
        for alert in data["alerts"]
    ]
    return Data(
        receiver=data["receiver"],
        status=data["status"],
        alerts=Alerts(alerts),
        notification_reason=data["notification_reason"],
        group_labels=KV(data["groupLabels"]),
        common_labels=KV(data["commonLabels"]),
        common_annotations=KV(data["commonAnnotations"]),
        route_labels=KV(data["routeLabels"]),
        external_url=data["externalURL"],
    )


def _build_data(fields: dict[str, Any]) -> str:
    from alertd.labels import fingerprint
    from alertd.template.alertmanager import Alert, build_data
    from alertd.template.gojson import to_json

    data = fields["data"]
    alerts = [
        Alert.build(
            labels=alert["labels"],
            annotations=alert["annotations"],
            starts_at=parse_rfc3339(alert["startsAt"]),
            ends_at=parse_rfc3339(alert["endsAt"]),
            generator_url=alert["generatorURL"],
            fingerprint=f"{fingerprint(alert['labels']):016x}",
            now=_NOW,
        )
        for alert in data["alerts"]
    ]
    return to_json(
        build_data(
            receiver=data["receiver"],
            alerts=alerts,
            group_labels=data["groupLabels"],
            external_url=data["externalURL"],
            route_labels=data["routeLabels"],
            notification_reason=data["notification_reason"],
        )
    )
