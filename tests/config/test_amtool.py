"""The same configurations through Debian's `amtool check-config` (0.25) and through ours: the same verdicts, for the same cause."""

import shutil
import subprocess
from pathlib import Path

import pytest

from alertd.config.load import examine

ROUTE = "route: {receiver: a}\n"
A = "receivers: [{name: a}]\n"
PLAIN = ROUTE + A


def route(inside: str) -> str:
    return f"route: {{receiver: a, routes: [{inside}]}}\n{A}"


def receiver(inside: str, *, globals_: str = "") -> str:
    return f"{f'global: {{{globals_}}}' if globals_ else ''}\n{ROUTE}receivers:\n- name: a\n  {inside}\n"


def interval(inside: str) -> str:
    return f"{PLAIN}time_intervals: [{{name: t, time_intervals: [{inside}]}}]\n"


def webhook(inside: str) -> str:
    return receiver(f"webhook_configs: [{{url: 'http://x/', {inside}}}]")


GOOD = {
    "the least": PLAIN,
    "global is null": "global:\n" + PLAIN,
    "every timer": f"route: {{receiver: a, group_wait: 0s, group_interval: 1d12h, repeat_interval: 1w}}\n{A}",
    "group_wait 0": f"route: {{receiver: a, group_wait: 0}}\n{A}",
    "grouping by all labels": f"route: {{receiver: a, group_by: ['...']}}\n{A}",
    "a receiver nobody uses": ROUTE + "receivers: [{name: a}, {name: b}]\n",
    "no match of a template pattern": PLAIN + "templates: ['nowhere/*.tmpl']\n",
    "matchers in all spellings": route("{match: {a: b}, match_re: {c: 'd|e'}, matchers: ['f=g', 'h!=i', 'j=~\"k.*\"', 'l!~m']}"),
    "several matchers in one text": route("{matchers: ['{a=b, c=~\"d,e\"}']}"),
    "a matcher with an empty value": route("{matchers: ['a=']}"),
    "matchers without quotes in a list": route("{matchers: [severity=\"page\", team=\"ai\"]}"),
    "nothing in match": route("{match: {code: }, receiver: a}"),
    "a number in match": route("{match: {code: 500}}"),
    "an empty number of routes": f"route: {{receiver: a, routes: []}}\n{A}",
    "routes in routes": route("{routes: [{routes: [{receiver: a, continue: true}]}]}"),
    "an inhibition that says nothing": PLAIN + "inhibit_rules: [{}]\n",
    "inhibition in both spellings": PLAIN
    + "inhibit_rules: [{source_match: {a: b}, target_match_re: {a: 'c|d'}, equal: [e]}, "
    "{source_matchers: [a=b], target_matchers: ['a=~c'], equal: [e, f]}]\n",
    "a time interval": interval("{times: [{start_time: '09:00', end_time: '24:00'}], weekdays: ['monday:friday', Sunday], "
    "days_of_month: ['1:5', '-3:-1'], months: ['january', '6:8'], years: ['2024', '2025:2027'], location: Europe/Berlin}"),
    "a time without quotes": PLAIN
    + "time_intervals:\n- name: t\n  time_intervals:\n  - times:\n    - start_time: 09:00\n      end_time: 17:30\n",
    "a thirteenth month": interval("{months: ['13']}"),
    "an interval without items": PLAIN + "time_intervals: [{name: t}]\n",
    "an interval that is always": interval("{}"),
    "the older spelling of intervals": f"route: {{receiver: a, routes: [{{mute_time_intervals: [t]}}]}}\n{A}"
    "mute_time_intervals: [{name: t, time_intervals: [{years: ['2030']}]}]\n",
    "an interval a route is active in": route("{active_time_intervals: [t]}")
    + "time_intervals: [{name: t, time_intervals: [{location: UTC}]}]\n",
    "a webhook": receiver("webhook_configs: [{url: 'http://x:8080/a?b=c', max_alerts: 3, send_resolved: false}]"),
    "a webhook with user and password": webhook("http_config: {basic_auth: {username: u, password_file: f}}"),
    "a webhook with a token": webhook("http_config: {authorization: {type: Token, credentials: t}}"),
    "a webhook with oauth2": webhook(
        "http_config: {oauth2: {client_id: i, client_secret: s, token_url: 'http://t/', scopes: [a], endpoint_params: {b: c}}}"
    ),
    "a webhook through a proxy": webhook("http_config: {proxy_url: 'http://p:1', follow_redirects: false, enable_http2: false}"),
    "TLS": webhook("http_config: {tls_config: {insecure_skip_verify: true, server_name: x, min_version: TLS12}}"),
    "the global URL of Slack": receiver("slack_configs: [{channel: '#c'}]", globals_="slack_api_url: 'http://s/x'"),
    "the URL of Slack in a file": receiver("slack_configs: [{channel: '#c'}]", globals_="slack_api_url_file: f"),
    "Slack with a URL of its own": receiver("slack_configs: [{api_url: 'http://s/x', channel: '#c', title: '{{ .Status }}'}]"),
    "a URL that is hidden": receiver("slack_configs: [{api_url: <secret>, channel: '#c'}]"),
    "Slack with fields and actions": receiver(
        "slack_configs: [{api_url: 'http://s/x', short_fields: true, mrkdwn_in: [text], fields: [{title: t, value: v, short: false}], "
        "actions: [{type: button, text: t, url: 'http://u/'}, {type: button, text: t, name: n, value: v, style: danger, "
        "confirm: {text: t, title: u, ok_text: o, dismiss_text: d}}]}]"
    ),
    "PagerDuty with a routing key": receiver(
        "pagerduty_configs: [{routing_key: k, severity: critical, class: c, component: d, group: g, details: {a: b}, "
        "images: [{src: s, alt: a, href: h}], links: [{href: h, text: t}], client: c, client_url: u, description: d}]"
    ),
    "PagerDuty with a service key": receiver("pagerduty_configs: [{service_key: k, url: 'http://p/'}]"),
    "PagerDuty with a key in a file": receiver("pagerduty_configs: [{routing_key_file: k}]"),
    "e-mail": receiver(
        "email_configs: [{to: 'a@b', headers: {Subject: s, X-Team: t}, text: t, html: '', require_tls: false, send_resolved: true}]",
        globals_="smtp_smarthost: 'h:587', smtp_from: 'c@d', smtp_auth_username: u, smtp_auth_password: p, smtp_hello: x",
    ),
    "e-mail with all of its own": receiver(
        "email_configs: [{to: 'a@b, c@d', from: 'e@f', smarthost: 'h:25', hello: x, auth_username: u, auth_password: p, "
        "auth_secret: s, auth_identity: i, tls_config: {insecure_skip_verify: true}}]"
    ),
    "keys of kinds nobody uses": receiver(
        "webhook_configs: []",
        globals_="opsgenie_api_key: k, opsgenie_api_url: 'http://o/', victorops_api_key: k, wechat_api_secret: s, "
        "wechat_api_corp_id: c, telegram_api_url: 'http://t', webex_api_url: 'http://w'",
    ),
    "a secret that looks like a number": receiver("pagerduty_configs: [{routing_key: 0123}]"),
}  # fmt: skip
"""Configurations that both take."""

BAD = {
    "only receivers": (A, "no routes provided"),
    "a route without receiver": ("route: {group_by: [a]}\n" + A, "root route must specify a default receiver"),
    "matchers at the root": (f"route: {{receiver: a, matchers: [x=1]}}\n{A}", "root route must not have any matchers"),
    "match at the root": (f"route: {{receiver: a, match: {{x: y}}}}\n{A}", "root route must not have any matchers"),
    "match_re at the root": (f"route: {{receiver: a, match_re: {{x: y}}}}\n{A}", "root route must not have any matchers"),
    "continue at the root": (f"route: {{receiver: a, continue: true}}\n{A}", "cannot have continue in root route"),
    "muted root": (
        f"route: {{receiver: a, mute_time_intervals: [t]}}\n{A}time_intervals: [{{name: t}}]\n",
        "root route must not have any mute time intervals",
    ),
    "root active in an interval": (
        f"route: {{receiver: a, active_time_intervals: [t]}}\n{A}time_intervals: [{{name: t}}]\n",
        "root route must not have any active time intervals",
    ),
    "an unknown receiver": (route("{receiver: b}"), 'undefined receiver "b" used in route'),
    "an unknown receiver deep inside": (route("{routes: [{receiver: b}]}"), 'undefined receiver "b" used in route'),
    "a receiver twice": (ROUTE + "receivers: [{name: a}, {name: a}]\n", 'notification config name "a" is not unique'),
    "a receiver without name": (ROUTE + "receivers: [{name: a}, {}]\n", "missing name in receiver"),
    "an unknown mute interval": (route("{mute_time_intervals: [x]}"), 'undefined time interval "x" used in route'),
    "an unknown active interval": (route("{active_time_intervals: [x]}"), 'undefined time interval "x" used in route'),
    "an interval twice": (PLAIN + "time_intervals: [{name: t}, {name: t}]\n", 'time interval "t" is not unique'),
    "an interval in both spellings": (
        PLAIN + "time_intervals: [{name: t}]\nmute_time_intervals: [{name: t}]\n", 'time interval "t" is not unique',
    ),
    "an interval without name": (PLAIN + "time_intervals: [{}]\n", "missing name in time interval"),
    "a mute interval without name": (PLAIN + "mute_time_intervals: [{}]\n", "missing name in mute time interval"),
    "group_by twice": (f"route: {{receiver: a, group_by: [x, x]}}\n{A}", 'duplicated label "x" in group_by'),
    "group_by all and one": (f"route: {{receiver: a, group_by: ['...', x]}}\n{A}", "cannot have wildcard group_by (`...`) and other"),
    "group_by twice in a child": (route("{group_by: [x, x]}"), 'duplicated label "x" in group_by'),
    "group_interval 0": (f"route: {{receiver: a, group_interval: 0s}}\n{A}", "group_interval cannot be zero"),
    "repeat_interval 0": (f"route: {{receiver: a, repeat_interval: 0s}}\n{A}", "repeat_interval cannot be zero"),
    "group_interval 0 in a child": (route("{group_interval: 0}"), "group_interval cannot be zero"),
    "a fraction of a second": (f"route: {{receiver: a, group_wait: 1.5s}}\n{A}", 'not a valid duration string: "1.5s"'),
    "a duration without unit": (f"route: {{receiver: a, group_wait: 30}}\n{A}", 'not a valid duration string: "30"'),
    "units in the wrong order": (f"global: {{resolve_timeout: 30m1h}}\n{PLAIN}", 'not a valid duration string: "30m1h"'),
    "a regular expression": (route("{match_re: {x: '('}}"), "error parsing regexp"),
    "a regular expression among matchers": (route("{matchers: ['x=~\"(\"']}"), "error parsing regexp"),
    "look-ahead": (route("{match_re: {x: '(?=a)'}}"), "error parsing regexp"),
    "no matcher": (route("{matchers: ['x']}"), "bad matcher format: x"),
    "a quote inside a value": (route("{matchers: ['x=a\"b']}"), "matcher value contains unescaped double quote"),
    "no matcher in an inhibition": (PLAIN + "inhibit_rules: [{source_matchers: ['=x']}]\n", "bad matcher format: =x"),
    "a regular expression in an inhibition": (PLAIN + "inhibit_rules: [{target_match_re: {a: '['}}]\n", "error parsing regexp"),
    "times the wrong way round": (interval("{times: [{start_time: '17:00', end_time: '09:00'}]}"), "start time cannot be equal or greater than end time"),
    "a time without end": (interval("{times: [{start_time: '17:00'}]}"), "both start and end times must be provided"),
    "an hour of one digit": (interval("{times: [{start_time: '9:00', end_time: '10:00'}]}"), "couldn't parse timestamp 9:00, invalid format"),
    "no weekday": (interval("{weekdays: [mon]}"), "mon is not a valid weekday"),
    "weekdays the wrong way round": (interval("{weekdays: ['saturday:sunday']}"), "start day cannot be before end day"),
    "day 0": (interval("{days_of_month: ['0']}"), "0 is not a valid day of the month: out of range"),
    "days that end before they begin": (interval("{days_of_month: ['10:-20']}"), "end day -20 is always before start day 10"),
    "no month": (interval("{months: [smarch]}"), "smarch is not a valid month"),
    "an unknown time zone": (interval("{location: Mars/X}"), "unknown time zone Mars/X"),
    "Slack without URL": (receiver("slack_configs: [{channel: c}]"), "no global Slack API URL set either inline or in a file"),
    "Slack with two URLs": (
        receiver("slack_configs: [{api_url: 'http://s/', api_url_file: f}]"),
        "at most one of api_url & api_url_file must be configured",
    ),
    "two global URLs of Slack": (
        f"global: {{slack_api_url: 'http://s/', slack_api_url_file: f}}\n{PLAIN}",
        "at most one of slack_api_url & slack_api_url_file must be configured",
    ),
    "two global keys of Opsgenie": (
        f"global: {{opsgenie_api_key: k, opsgenie_api_key_file: f}}\n{PLAIN}",
        "at most one of opsgenie_api_key & opsgenie_api_key_file must be configured",
    ),
    "two global passwords": (
        f"global: {{smtp_auth_password: k, smtp_auth_password_file: f}}\n{PLAIN}",
        "at most one of smtp_auth_password & smtp_auth_password_file must be configured",
    ),
    "a Slack field without title": (receiver("slack_configs: [{api_url: 'http://s/', fields: [{value: v}]}]"), "missing title in Slack field configuration"),
    "a Slack field without value": (receiver("slack_configs: [{api_url: 'http://s/', fields: [{title: v}]}]"), "missing value in Slack field configuration"),
    "a Slack action without type": (receiver("slack_configs: [{api_url: 'http://s/', actions: [{text: v}]}]"), "missing type in Slack action configuration"),
    "a Slack action without text": (receiver("slack_configs: [{api_url: 'http://s/', actions: [{type: v}]}]"), "missing text in Slack action configuration"),
    "a Slack action that leads nowhere": (
        receiver("slack_configs: [{api_url: 'http://s/', actions: [{type: v, text: t}]}]"),
        "missing name or url in Slack action configuration",
    ),
    "PagerDuty without key": (receiver("pagerduty_configs: [{severity: c}]"), "missing service or routing key in PagerDuty config"),
    "PagerDuty with two keys": (
        receiver("pagerduty_configs: [{routing_key: k, routing_key_file: f}]"),
        "at most one of routing_key & routing_key_file must be configured",
    ),
    "e-mail to nobody": (receiver("email_configs: [{from: 'a@b', smarthost: 'h:25'}]"), "missing to address in email config"),
    "e-mail without server": (receiver("email_configs: [{to: 'a@b', from: 'c@d'}]"), "no global SMTP smarthost set"),
    "e-mail from nobody": (receiver("email_configs: [{to: 'a@b', smarthost: 'h:25'}]"), "no global SMTP from set"),
    "e-mail with a header twice": (
        receiver("email_configs: [{to: 'a@b', from: 'c@d', smarthost: 'h:25', headers: {Subject: a, subject: b}}]"),
        'duplicate header "Subject" in email config',
    ),
    "a mail server without port": (f"global: {{smtp_smarthost: h}}\n{PLAIN}", "address h: missing port in address"),
    "a mail server with an empty port": (f"global: {{smtp_smarthost: 'h:'}}\n{PLAIN}", 'address "h:": port cannot be empty'),
    "a URL of no known kind": (receiver("webhook_configs: [{url: 'ftp://x/'}]"), 'unsupported scheme "ftp" for URL'),
    "a URL without scheme": (receiver("webhook_configs: [{url: 'localhost:9'}]"), 'unsupported scheme "localhost" for URL'),
    "a URL without host": (receiver("webhook_configs: [{url: 'http://'}]"), "missing host for URL"),
    "a global URL without host": (f"global: {{pagerduty_url: 'http://'}}\n{PLAIN}", "missing host for URL"),
    "two ways to authenticate": (
        webhook("http_config: {bearer_token: t, basic_auth: {username: u}}"),
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
    ),
    "an unknown key on top": (PLAIN + "foo: 1\n", "field foo not found in type"),
    "an unknown key in a route": (route("{recevier: a}"), "field recevier not found in type"),
    "an unknown key in a receiver": (receiver("webhook_config: []"), "field webhook_config not found in type"),
    "an unknown key of Slack": (receiver("slack_configs: [{api_url: 'http://s/', chanel: c}]"), "field chanel not found in type"),
    "an unknown key of http_config": (webhook("http_config: {follow_redirect: true}"), "field follow_redirect not found in type"),
    "an unknown key of global": (f"global: {{smtp_host: x}}\n{PLAIN}", "field smtp_host not found in type"),
    "an unknown key that names a file": (webhook("http_config: {credentials_file: f}"), "field credentials_file not found in type"),
    "an unknown key without value": (PLAIN + "inhibit_rule:\n", "field inhibit_rule not found in type"),
    "an unknown key without value in a route": (route("{group_by: [a], match_: }"), "field match_ not found in type"),
    "an unknown key without value in a list": (webhook("http_config: {tls_config: {insecure: }}"), "field insecure not found in type"),
    "a route muted in an interval without name": (route("{mute_time_intervals: ['']}"), 'undefined time interval "" used in route'),
    "a webhook without URL": (receiver("webhook_configs: [{max_alerts: 1}]"), "missing URL in webhook config"),
}  # fmt: skip
"""Configurations that both refuse, and the words for it that both use."""


DIFFERENT = {
    "a key twice: in our words, with the line of the first one": (
        PLAIN + ROUTE, "already set in type", 'key "route" is given twice, first at line 1',
    ),
    "no label name of the classic syntax: names in UTF-8 came with 0.27": (
        f"route: {{receiver: a, group_by: ['a-b']}}\n{A}", "invalid label name", None,
    ),
    "a matcher with a name in UTF-8, since 0.27": (route("{matchers: ['\"service.name\"=api']}"), "bad matcher format", None),
    "match with a name in UTF-8, since 0.27": (route("{match: {a-b: c}}"), "invalid label name", None),
    "a template in the URL of a webhook, since 0.34": (receiver("webhook_configs: [{url: '{{ .ExternalURL }}'}]"), "URL", None),
    "a hidden URL of a webhook: a secret since 0.26": (receiver("webhook_configs: [{url: <secret>}]"), "unsupported scheme", None),
    "url_file, since 0.26": (receiver("webhook_configs: [{url_file: f}]"), "field url_file not found", None),
    "a body of one's own for a webhook, since 0.34": (webhook("payload: {text: '{{ .Status }}'}"), "field payload not found", None),
    "a bot of Slack, since 0.29": (receiver("slack_configs: [{app_token: t, channel: c}]"), "field app_token not found", None),
    "update_message, since 0.32": (
        receiver("slack_configs: [{app_token: t, channel: c, update_message: true}]"), "field app_token not found", None,
    ),
    "a timeout, since 0.28": (webhook("timeout: 5s"), "field timeout not found", None),
    "the name of an inhibition, since 0.33": (PLAIN + "inhibit_rules: [{name: n, source_matchers: [a=b]}]\n", "field name not found", None),
    "labels of a route, since 0.34": (route("{labels: {team: a}}"), "field labels not found", None),
    "headers, since 0.28": (webhook("http_config: {http_headers: {X-A: {values: [b]}}}"), "field http_headers not found", None),
    "no_proxy, since 0.28": (webhook("http_config: {proxy_url: 'http://p:1', no_proxy: x}"), "field no_proxy not found", None),
    "a nested detail for PagerDuty, since 0.28": (
        receiver("pagerduty_configs: [{routing_key: k, details: {a: {b: c}}}]"), "cannot unmarshal", None,
    ),
    "tracing, since 0.31: nothing of it is done": (PLAIN + "tracing: {endpoint: x}\n", "field tracing not found", None),
    "a receiver of another kind: reached through apprise": (
        receiver("discord_configs: [{webhook_url: 'http://d/'}]"), None, "apprise",
    ),
    "a list of time zones: in our words": (interval("{location: [UTC]}"), "cannot unmarshal !!seq into string", "must be a text"),
    "a kind of receiver that alertd has not, with nothing in it": (receiver("wechat_configs:"), None, None),
    "a header that a client sets itself: 0.25 has none": (webhook("http_config: {http_headers: {Host: {values: [b]}}}"), "field http_headers not found", "Host"),
    "a reference to a variable that is not set": (receiver("pagerduty_configs: [{routing_key: '${NOPE}'}]"), None, '"NOPE" is not set'),
    "a certificate without its key: 0.25 says so at the first request": (
        webhook("http_config: {tls_config: {cert_file: c}}"), None, "a certificate needs its key",
    ),
}  # fmt: skip
"""Where we differ, and why: the words of amtool's refusal, or None where it takes it; then ours."""


@pytest.fixture(scope="module")
def amtool(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What amtool says to each text; "" where it takes it."""
    program = shutil.which("amtool")
    if program is None:
        pytest.fail("amtool is needed: apt-get install prometheus-alertmanager")
    folder = tmp_path_factory.mktemp("amtool")
    every = [*GOOD.values(), *(text for text, _ in BAD.values()), *(text for text, *_ in DIFFERENT.values())]
    paths = [folder / f"{number}.yml" for number in range(len(every))]
    for path, text in zip(paths, every, strict=True):
        path.write_text(text)
    run = subprocess.run([program, "check-config", *paths], capture_output=True, text=True, timeout=60, check=False)
    answers = run.stdout.split("Checking '")[1:]
    assert len(answers) == len(every), run.stderr
    return {text: answer.partition("FAILED: ")[2] for text, answer in zip(every, answers, strict=True)}


def ours(text: str, folder: Path) -> str:
    """Our errors, "" where there are none."""
    path = folder / "alertmanager.yml"
    path.write_text(text)
    return "\n".join(str(problem) for problem in examine(path, environment={}).problems if problem.is_error)


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_both_take_it(text: str, amtool: dict[str, str], tmp_path: Path) -> None:
    assert amtool[text] == ""
    assert ours(text, tmp_path) == ""


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_both_refuse_it_in_the_same_words(text: str, words: str, amtool: dict[str, str], tmp_path: Path) -> None:
    assert words in amtool[text]
    assert words in ours(text, tmp_path)


@pytest.mark.parametrize(("text", "theirs", "own"), DIFFERENT.values(), ids=DIFFERENT)
def test_where_the_verdicts_differ(
    text: str, theirs: str | None, own: str | None, amtool: dict[str, str], tmp_path: Path
) -> None:
    for words, told in ((theirs, amtool[text]), (own, ours(text, tmp_path))):
        assert words in told if words is not None else told == ""


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """Alone, for amtool stops at it."""
    assert "no route provided in config" in ours("", tmp_path)


@pytest.mark.parametrize(
    "text", [PLAIN + "inhibit_rules:\n-\n", ROUTE + "receivers:\n- name: a\n-\n"], ids=["inhibition", "receiver"]
)
def test_an_empty_item_of_a_list_is_passed_over(text: str, tmp_path: Path) -> None:
    """As since 0.26; 0.25 crashes."""
    assert ours(text, tmp_path) == ""
