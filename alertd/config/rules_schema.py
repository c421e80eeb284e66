"""The JSON Schema of rule files: Prometheus' format with alertd's keys and kinds, and PrometheusRule manifests."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from pydantic import TypeAdapter

from alertd.config.fields import LABEL_NAME
from alertd.config.packs_parameters import Type
from alertd.config.rule_groups import METRIC_NAME
from alertd.config.rule_keys import ALERT_ONLY_KEYS
from alertd.config.schema import DRAFT, Schema, choice, definitions_of, flag, nullable, number, patterned, text
from alertd.rules.registry import KINDS
from alertd.rules.rule import Policy
from alertd.settings import Duration

_DURATION = str(TypeAdapter(Duration).json_schema()["pattern"])
_POLICIES = [str(policy) for policy in Policy]


def _texts(description: str) -> Schema:
    """Texts by the name of a label or annotation."""
    return {
        "description": description,
        "type": "object",
        "propertyNames": {"pattern": f"^(?:{LABEL_NAME.pattern})$", "not": {"const": "__name__"}},
        "additionalProperties": nullable(text()),
    }


def _duration(description: str) -> Schema:
    return patterned(_DURATION, description, examples=["30s", "5m", "1h30m"])


RULE: Mapping[str, Schema] = {
    "alert": text("name of an alerting rule, label alertname of its alerts", minLength=1),
    "record": patterned(f"^(?:{METRIC_NAME.pattern})$", "name of the series of a recording rule"),
    "expr": text("PromQL", minLength=1),
    "for": _duration("how long the expression must hold before the alert fires; before that it is pending"),
    "keep_firing_for": _duration("how long an alert goes on firing after its expression ceased to hold"),
    "labels": _texts("labels of its alerts or series, over those of the query; of alerts: templates"),
    "annotations": _texts("texts for people: templates with $labels, $value and, of alertd's kinds, $alert"),
    "limit": number("more alerts or series of the rule than that are an error; 0: any number"),
    "enabled": flag("false switches the rule off; its alerts are told as resolved"),
    "unit": text("of the value, for people", examples=["tokens/s", "USD/h", "s"]),
    "on_no_data": choice(
        _POLICIES, "what becomes of its alerts when the query returns nothing: ok (default) they end, keep, alert"
    ),
    "on_error": choice(
        _POLICIES, "what becomes of its alerts when the query fails: keep (default) they stay, ok, alert"
    ),
    "runbook_url": text("becomes the annotation of that name"),
    **{key: {"$ref": f"#/definitions/{key}"} for key in KINDS},
}
"""What a rule may have, by key."""

GROUP: Mapping[str, Schema] = {
    "name": text("name of the group, once in a file", minLength=1),
    "interval": _duration("distance of evaluations; default: evaluation.interval of alertd.yml"),
    "query_offset": _duration("how far before its slot an expression is evaluated"),
    "limit": number("more alerts or series of any of its rules than that are an error; 0: any number"),
    "labels": _texts("labels of all its rules, under their own"),
    "source": text("name of the Prometheus that answers it; default: the first one of alertd.yml"),
    "rules": {"type": "array", "items": {"$ref": "#/definitions/rule"}},
}
"""What a group may have, by key."""

PARAMETER: Mapping[str, Schema] = {
    "type": choice(
        [str(one) for one in Type], "what values it takes: number (default), duration, labels, regex, timezone, text"
    ),
    "default": text("its value where nobody sets another"),
    "unit": text("of the value, for people"),
    "description": text("what it does"),
}
"""What an entry of `parameters` may have, by key."""


def rules_schema() -> Schema:
    """The schema of a rule file."""
    groups: Schema = {"type": ["array", "null"], "items": {"$ref": "#/definitions/group"}}
    return {
        "$schema": DRAFT,
        "title": "rules",
        **_mapping(
            {
                "parameters": {"$ref": "#/definitions/parameters"},
                "groups": groups,
                "apiVersion": text("of a manifest"),
                "kind": text("of a manifest; others than these are skipped", examples=["PrometheusRule", "List"]),
                "metadata": {"type": "object"},
                "spec": _mapping({"groups": groups}),
                "status": {},
                "items": {"type": "array", "items": {"$ref": "#"}},
            }
        ),
        "definitions": {
            "parameters": _parameters(),
            "group": {**_mapping(GROUP), "required": ["name"]},
            "rule": {**_mapping({key: nullable(schema) for key, schema in RULE.items()}), **_conditions()},
            **definitions_of({key: entry.settings for key, entry in KINDS.items()}),
        },
    }


def _mapping(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": {key: nullable(schema) for key, schema in properties.items()},
        "additionalProperties": False,
    }


def _given(key: str) -> Schema:
    """That a key has a value; one with null is absent."""
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


def _conditions() -> Schema:
    """What the keys of a rule ask of each other."""
    asks_itself = [_given(key) for key, entry in KINDS.items() if entry.asks_itself]
    return {
        "oneOf": [_given("alert"), {**_given("record"), "not": {"anyOf": [_given(key) for key in ALERT_ONLY_KEYS]}}],
        "not": {"anyOf": [{"allOf": [_given(one), _given(other)]} for one, other in combinations(KINDS, 2)]},
        "if": {"anyOf": asks_itself},
        "then": {"not": _given("expr")},
        "else": _given("expr"),
    }


def _parameters() -> Schema:
    return {
        "description": "what the file can be told without being edited; used below as ${name} or ${name * 0.8}",
        "type": "object",
        "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
        "additionalProperties": {
            "type": "object",
            "properties": dict(PARAMETER),
            "required": ["default"],
            "additionalProperties": False,
        },
    }
