"""From messages to texts, and what goes out when a template fails."""

from __future__ import annotations

from dataclasses import replace

import pytest
import structlog

from alertd.labels import LabelSet
from alertd.notify.log import episodes
from alertd.notify.message import Message, compose
from alertd.notify.outbox import Payload
from alertd.notify.reason import Reason
from alertd.receivers.place import Place
from alertd.receivers.rendering import Rendering, fill, plain_text
from alertd.template.alertmanager import TemplateSet
from tests.support.builders import a_flush, a_log_entry, a_posted_alert, after
from tests.support.receivers import a_message, a_rendering

PLACE = Place("ops", 0)
FIRING = a_posted_alert("A", instance="1", annotations={"summary": "too many"}, team="search")
RESOLVED = a_posted_alert("B", instance="2", ends_at=after(minutes=5), team="search")
MESSAGE = replace(
    a_message(FIRING, RESOLVED, receiver="web.hook (x)", labels=LabelSet({"team": "search"})),
    route_labels={"tier": "1"},
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("{{ .Receiver }}", r"web\.hook \(x\)", id="the receiver is quoted as in Alertmanager"),
        pytest.param("{{ .Status }}", "firing", id="a group fires as long as one alert does"),
        pytest.param("{{ len .Alerts.Firing }}/{{ len .Alerts.Resolved }}", "1/1", id="alerts by state"),
        pytest.param("{{ .GroupLabels }}", "team=search", id="group labels"),
        pytest.param("{{ .CommonLabels }}", "team=search", id="what all have in common"),
        pytest.param("{{ .RouteLabels.tier }}", "1", id="labels of the route"),
        pytest.param("{{ .ExternalURL }}", "http://am.example.org", id="where alertd is"),
        pytest.param("{{ .NotificationReason }}", "first notification", id="why it is sent"),
        pytest.param("{{ (index .Alerts 0).StartsAt.Unix }}", "1767614400", id="the start is a time"),
        pytest.param("{{ (index .Alerts 0).EndsAt.IsZero }}", "true", id="what fires has no end"),
        pytest.param("{{ (index .Alerts 1).EndsAt.Minute }}", "5", id="what is resolved has one"),
        pytest.param("{{ (index .Alerts 0).Fingerprint }}", FIRING.fingerprint, id="fingerprint"),
        pytest.param('{{ template "__subject" . }}', "[FIRING:1] search ", id="the default templates are there"),
    ],
)
def test_the_data_of_a_template(template: str, text: str) -> None:
    assert a_rendering().text(MESSAGE)(template) == text


def test_a_page_is_escaped_and_a_text_is_not() -> None:
    message = a_message(a_posted_alert("A", team="<b>"))
    template = "<p>{{ .CommonLabels.team }}</p>"
    assert a_rendering().text(message)(template) == "<p><b></p>"
    assert a_rendering().html(message)(template) == "<p>&lt;b&gt;</p>"


def test_labels_and_annotations_are_made_safe_before_a_template_sees_them() -> None:
    message = a_message(a_posted_alert("A", team="<!here>", annotations={"s": "<!here>"}), labels=LabelSet({"t": "<"}))
    text = a_rendering().text(message, safe=lambda value: value.replace("<", "("))
    template = (
        "<{{ .CommonLabels.team }}{{ .CommonAnnotations.s }}{{ .GroupLabels.t }}{{ (index .Alerts 0).Labels.team }}"
    )
    assert text(template) == "<(!here>(!here>((!here>"


class TestATemplateThatFails:
    def render(self, rendering: Rendering, template: str) -> Payload:
        text = rendering.text(MESSAGE)
        return rendering.payload(
            MESSAGE,
            place=PLACE,
            kind="slack",
            write=lambda: Payload(body=text(template).encode()),
            write_plain=lambda plain: Payload(body=plain.encode()),
        )

    def test_the_plain_message_goes_out_and_says_why(self) -> None:
        payload = self.render(a_rendering(), "{{ .Nope }}")
        assert payload.is_fallback
        body = payload.body.decode()
        assert body.startswith("[FIRING:1] A, B (alertd could not render the configured template: template: ")
        assert "Nope" in body

    def test_it_is_logged_and_counted(self) -> None:
        counted: list[tuple[Place, str]] = []
        rendering = Rendering(templates=TemplateSet(), failed=lambda place, kind: counted.append((place, kind)))
        with structlog.testing.capture_logs() as logs:
            self.render(rendering, "{{ .Nope }}")
        assert counted == [(PLACE, "slack")]
        [entry] = logs
        assert (entry["event"], entry["receiver"], entry["integration"]) == ("template_failed", "ops", "slack")

    def test_one_that_works_is_no_fallback(self) -> None:
        assert self.render(a_rendering(), "{{ .Status }}") == Payload(body=b"firing")


class TestAddresses:
    def address(self, template: str) -> str:
        rendering = a_rendering()
        return rendering.address(template, rendering.text(MESSAGE), place=PLACE, kind="webhook")

    def test_a_template_makes_it(self) -> None:
        assert self.address("http://{{ .CommonLabels.team }}/\n") == "http://search/"

    def test_without_a_template_there_is_none_of_the_message_alone(self) -> None:
        assert self.address("http://a/") == ""

    def test_a_failure_is_told_without_the_template_which_may_hold_a_token(self) -> None:
        with structlog.testing.capture_logs() as logs:
            assert self.address("http://c4n4ry/{{ .Nope }}") == ""
        assert [entry["event"] for entry in logs] == ["address_failed"]
        assert "c4n4ry" not in repr(logs)


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        pytest.param("{{ .Status }}", "firing", id="a text"),
        pytest.param(
            {"{{ .Status }}": ["{{ .Status }}", 1, True, None]}, {"firing": ["firing", 1, True, None]}, id="nested"
        ),
        pytest.param("{{ len .Alerts }}", "2", id="what looks like a number stays a text"),
        pytest.param("{{ .CommonLabels | toJson }}", {"team": "search"}, id="toJson gives an object"),
        pytest.param("{{ .Status | toJson }}", '"firing"', id="toJson of a text stays what it is"),
        pytest.param("see {{ .CommonLabels | toJson }}", 'see {"team":"search"}', id="JSON within a text"),
    ],
)
def test_structures_are_filled_in(value: object, filled: object) -> None:
    assert fill(value, a_rendering().text(MESSAGE)) == filled


@pytest.mark.parametrize(
    ("names", "text"),
    [
        pytest.param(["A"], "[FIRING:1] A", id="one"),
        pytest.param(["B", "A", "B"], "[FIRING:3] A, B (2)", id="by name, with counts"),
        pytest.param(list("ABCDEFG"), "[FIRING:7] A, B, C, D, E and 2 more", id="many"),
        pytest.param([""], "[FIRING:1] (no name)", id="without a name"),
    ],
)
def test_the_plain_text_names_the_alerts(names: list[str], text: str) -> None:
    alerts = [a_posted_alert(name, n=str(number)) for number, name in enumerate(names)]
    assert plain_text(a_message(*alerts)) == text


def test_the_plain_text_of_what_is_over() -> None:
    assert plain_text(a_message(RESOLVED, reason=Reason.ALL_RESOLVED)) == "[RESOLVED] B"


def test_the_plain_text_says_what_is_new() -> None:
    flush = a_flush(a_posted_alert("A"), a_posted_alert("B"))
    known = a_log_entry(firing=episodes([a_posted_alert("A")]))
    message = compose(flush, Reason.NEW_ALERTS, send_resolved=True, external_url="", known=known)
    assert plain_text(message) == "[FIRING:2] A, B (1 new, 1 still firing)"


class TestBeyondAlertmanager:
    """What templates can ask for that Alertmanager does not know, and what must not change by it."""

    OURS = replace(a_posted_alert("A", x="1", value=7.0, threshold=5.0, starts_at=after(minutes=-3)), unit="USD")
    OVER = replace(
        a_posted_alert("A", x="2", starts_at=after(minutes=-5), ends_at=after(minutes=-1)),
        value=9.0, resolved_value=4.0, peak=9.5,
    )  # fmt: skip
    NEW = a_posted_alert("A", x="3")

    def message(self) -> Message:
        known = a_log_entry(firing=episodes([self.OURS, replace(self.OVER, ends_at=None)]))
        flush = a_flush(self.OURS, self.OVER, self.NEW)
        return compose(flush, Reason.NEW_ALERTS, send_resolved=True, external_url="", known=known)

    @pytest.mark.parametrize(
        ("template", "text"),
        [
            pytest.param("{{ .Changes }}", "1 new, 1 resolved, 1 still firing", id="in words"),
            pytest.param("{{ range .Alerts.New }}{{ .Labels.x }}{{ end }}", "3", id="new ones"),
            pytest.param("{{ range .Alerts.NewlyResolved }}{{ .Labels.x }}{{ end }}", "2", id="that ended since"),
            pytest.param("{{ range .Alerts.Unchanged }}{{ .Labels.x }}{{ end }}", "1", id="as they were"),
            pytest.param("{{ range .Alerts }}{{ .New }} {{ end }}", "false true true ", id="of each"),
            pytest.param(
                '{{ with index .Alerts 0 }}{{ .Value }} {{ .Threshold }} {{ .Unit }} {{ printf "%.1f" .Value }}{{ end }}',
                "7 5 USD 7.0",
                id="its value and threshold",
            ),
            pytest.param(
                "{{ with index .Alerts 1 }}{{ .ResolvedValue }} {{ .Peak }} {{ .Duration }}{{ end }}",
                "4 9.5 4m0s",
                id="at its end",
            ),
            pytest.param("{{ range .Alerts }}{{ .Duration }} {{ end }}", "3m0s 4m0s 0s ", id="how long"),
            pytest.param("{{ with (index .Alerts 2).Value }}{{ . }}{{ else }}-{{ end }}", "-", id="no value is nil"),
            pytest.param(
                "{{ (index .Alerts 0).ValueText }}",
                "value 7 USD, threshold 5 USD, for 3m 0s",
                id="its numbers in words",
            ),
        ],
    )
    def test_it_can_be_asked_for(self, template: str, text: str) -> None:
        assert a_rendering().text(self.message())(template) == text

    @pytest.mark.parametrize("template", ["{{ . }}", '{{ printf "%+v" . }}', "{{ .Alerts }}", "{{ . | toJson }}"])
    def test_whoever_prints_the_data_sees_alertmanagers_fields_alone(self, template: str) -> None:
        shown = a_rendering().text(self.message())(template)
        plain = [replace(one, value=None, threshold=None, unit="", resolved_value=None, peak=None)
                 for one in (self.OURS, self.OVER, self.NEW)]  # fmt: skip
        bare = compose(a_flush(*plain), Reason.NEW_ALERTS, send_resolved=True, external_url="")
        assert shown == a_rendering().text(bare)(template)
