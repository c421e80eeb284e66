"""How fast templates render: typical annotations, and the default notifications with ten alerts.

Run it as `python -m tests.bench.templates`; it prints renders per second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from alertd.template.alertmanager import Alert, TemplateSet, build_data
from alertd.template.gotime import parse_rfc3339
from alertd.template.prometheus import RuleData, compile_rule_template

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
ANNOTATIONS = {
    "constant text": "The gateway is down. See the runbook.",
    "label and humanize": "{{ $labels.x }} is {{ $value | humanize }}",
    "printf": 'CPU is {{ printf "%.2f" $value }}% on {{ $labels.instance }}',
    "if and range": "{{ if gt $value 0.9 }}{{ range $k, $v := $labels }}{{ $k }}={{ $v }} {{ end }}{{ else }}ok{{ end }}",
    "humanizePercentage": "{{ $value | humanizePercentage }} of {{ $labels.job }} failed",
}
NOTIFICATIONS = {
    "slack title": '{{ template "slack.default.title" . }}',
    "slack text by hand": "{{ range .Alerts.Firing }}*{{ .Labels.alertname }}* {{ .Annotations.summary }}\n{{ end }}",
    "pagerduty instances": '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
}


def rate(render: Callable[[], object], *, seconds: float = 0.5) -> float:
    """Calls per second, measured over about so many seconds."""
    render()
    count, done, start = 1, 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for _ in range(count):
            render()
        done += count
        count *= 2
    return done / spent


def main() -> None:
    labels = {"x": "api", "instance": "web-1:9100", "job": "node", "severity": "page"}
    data = RuleData(labels=labels, value=0.9567, external_labels={"cluster": "eu1"}, at=AT)
    for name, text in ANNOTATIONS.items():
        template = compile_rule_template(text, alert="Bench")
        show(f"annotation: {name}", rate(lambda: template.render(data)))  # noqa: B023 - called at once
    show("annotation: compile", rate(lambda: compile_rule_template(ANNOTATIONS["printf"], alert="Bench")))
    templates = TemplateSet()
    notification = ten_alerts()
    for name, text in NOTIFICATIONS.items():
        show(f"notification: {name}", rate(lambda: templates.text(text, notification, now=AT)))  # noqa: B023
    html = '{{ template "email.default.html" . }}'
    show("notification: email html", rate(lambda: templates.html(html, notification, now=AT)))


def ten_alerts():  # type: ignore[no-untyped-def]
    start, never = parse_rfc3339("2026-01-15T10:20:30.123Z"), parse_rfc3339("0001-01-01T00:00:00Z")
    alerts = [
        Alert.build(
            labels={"alertname": "InstanceDown", "instance": f"n{number}:9100", "job": "node"},
            annotations={"summary": f"n{number} down", "runbook_url": "https://rb/x?a=1&b=2"},
            starts_at=start,
            ends_at=never,
            generator_url="http://prom/graph?g0.expr=up+%3D%3D+0",
            fingerprint=f"{number:016x}",
            now=AT,
        )
        for number in range(10)
    ]
    return build_data(
        receiver="ops", alerts=alerts, group_labels={"alertname": "InstanceDown"}, external_url="http://am:9093"
    )


def show(name: str, per_second: float) -> None:
    print(f"{name:36} {per_second:12,.0f} /s")


if __name__ == "__main__":
    main()
