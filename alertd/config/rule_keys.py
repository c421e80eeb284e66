"""The keys of rule files: those that are read, and what to say about well-known ones that are not."""

from __future__ import annotations

from alertd.rules.registry import KINDS

GROUP_KEYS = ("name", "interval", "query_offset", "limit", "labels", "rules", "source")
COMMON_RULE_KEYS = ("expr", "labels", "limit", "enabled")
ALERT_KEYS = (
    *COMMON_RULE_KEYS,
    "alert",
    "for",
    "keep_firing_for",
    "annotations",
    "unit",
    "on_no_data",
    "on_error",
    "runbook_url",
    *KINDS,
)
RULE_KEYS = ("record", *ALERT_KEYS)
ALERT_ONLY_KEYS = tuple(key for key in ALERT_KEYS if key not in COMMON_RULE_KEYS and key != "alert")
MANIFEST_KEYS = ("apiVersion", "kind", "metadata", "spec", "status")

Remedies = dict[str, tuple[str, str]]


def _belongs_to(product: str, fixes: dict[str, str]) -> Remedies:
    return {key: (f'field "{key}" belongs to {product}', fix) for key, fix in fixes.items()}


_REMOVE = "remove it"
_OFFSET = "use query_offset"
_PER_SOURCE = "set it on the source, in alertd.yml under prometheus"

FOREIGN_GROUP_KEYS: Remedies = {
    **_belongs_to(
        "vmalert",
        {
            "concurrency": "remove it: the queries of all groups are planned together",
            "eval_offset": "remove it: groups are spread over their interval",
            "eval_delay": _OFFSET,
            "eval_alignment": "remove it: slots are always aligned",
            "type": "remove it; only PromQL is evaluated",
            "params": _PER_SOURCE,
            "headers": _PER_SOURCE,
            "notifier_headers": "set them on the alertmanagers, in alertd.yml",
            "tenant": _PER_SOURCE,
            "debug": _REMOVE,
        },
    ),
    **_belongs_to(
        "Thanos",
        {"partial_response_strategy": "remove it; allow_partial of the source, in alertd.yml, does what warn does"},
    ),
    **_belongs_to(
        "Mimir",
        {
            "source_tenants": _PER_SOURCE,
            "evaluation_delay": _OFFSET,
            "align_evaluation_time_on_interval": "remove it: slots are always aligned",
        },
    ),
}

STRANGE_RULE_KEYS: Remedies = {
    "severity": ('unknown field "severity"', "write it under labels"),
    "team": ('unknown field "team"', "write it under labels"),
    "summary": ('unknown field "summary"', "write it under annotations"),
    "description": ('unknown field "description"', "write it under annotations"),
    "message": ('unknown field "message"', "write it under annotations"),
    **_belongs_to("vmalert", {"update_entries_limit": _REMOVE, "debug": _REMOVE}),
}
