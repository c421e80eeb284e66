"""What a log may show, and what never."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.secret import HIDDEN, Secret
from alertd.telemetry.redaction import redact, redact_text

CANARY = "c4n4ry"
canaries = st.text("abcXYZ019._~+-", min_size=8, max_size=20).map(lambda text: f"{CANARY}{text}{CANARY}")


@pytest.mark.parametrize(
    "name",
    [
        "password", "smtp_auth_password", "basicAuthPassword", "token", "bot_token", "authToken", "client_secret",
        "secrets", "routing_key", "api_key", "apiKey", "apikey", "service_key", "authorization", "Authorization",
        "credentials", "Set-Cookie", "webhook_url", "api_url", "slackUrl",
    ],
)  # fmt: skip
def test_a_field_with_the_name_of_a_secret_is_hidden(name: str) -> None:
    assert redact(name, CANARY) == HIDDEN


@pytest.mark.parametrize(
    "name", ["group_key", "idempotency_key", "tokens", "token_type", "keys", "monkey", "receiver", "reason", "group"]
)
def test_a_field_that_only_sounds_like_it_is_shown(name: str) -> None:
    assert redact(name, "plain") == "plain"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("http://host:9090", "http://host:9090", id="an address is shown"),
        pytest.param("http://host/", "http://host", id="the root too"),
        pytest.param("https://hooks.example.com/services/T0/B0/xyz", "https://hooks.example.com/...", id="path"),
        pytest.param("https://u:p@host:8443/x?y=1#z", "https://host:8443/...", id="user, path, query, fragment"),
        pytest.param("postgresql://u:p@db/alertd", "postgresql://db/...", id="any scheme"),
        pytest.param("http://[::1]:9090/api", "http://[::1]:9090/...", id="IPv6"),
        pytest.param("http://u:p@ss/w@host/", f"http://{HIDDEN}", id="a password that looks like a host"),
        pytest.param("http://u:p?ss@host/", f"http://{HIDDEN}", id="a password that looks like a query"),
        pytest.param("http://host:port/x", f"http://{HIDDEN}", id="a port that is none"),
        pytest.param("http://[::1/x", f"http://{HIDDEN}", id="no host at all"),
        pytest.param("POST http://h/x: refused", "POST http://h/...: refused", id="within a text"),
        pytest.param("(see https://h/x).", "(see https://h/...).", id="before punctuation"),
        pytest.param("Authorization: Bearer abcdef123", f"Authorization: {HIDDEN} {HIDDEN}", id="a header"),
        pytest.param("sent 'Basic dXNlcjpwdw=='", f"sent 'Basic {HIDDEN}'", id="a token with its scheme"),
        pytest.param("password=hunter2&x=1", f"password={HIDDEN}&x=1", id="a form"),
        pytest.param('{"api_key": "k1", "a": 1}', f'{{"api_key": "{HIDDEN}", "a": 1}}', id="JSON"),
        pytest.param("client_secret: s3cret", f"client_secret: {HIDDEN}", id="YAML"),
        pytest.param("tenant:token:rate5m > 0", "tenant:token:rate5m > 0", id="a rule's name"),
        pytest.param('x{token_type="input"}', 'x{token_type="input"}', id="a label of a rule"),
        pytest.param("rules/a.yml;llm", "rules/a.yml;llm", id="a rule group"),
        pytest.param("größe", "größe", id="not ASCII"),
        pytest.param("bad \udce4 name", "bad \\udce4 name", id="not encodable"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Secret(CANARY), HIDDEN),
        ([Secret(CANARY), 1], [HIDDEN, 1]),
        ({"password": CANARY, "n": {"a_token": CANARY, "b": "http://u:p@h"}}, None),
        (b"bytes", "<5 bytes>"),
        (Path("/etc/alertd.yml"), "/etc/alertd.yml"),
        (ValueError("https://h/secret"), "https://h/..."),
        (np.float64(1.5), 1.5),
        (2**70, str(2**70)),
        (True, True),
        (None, None),
    ],
)
def test_values(value: object, shown: object) -> None:
    result = redact("field", value)
    if shown is not None or value is None:
        assert result == shown
        assert type(result) is type(shown)
    assert CANARY not in json.dumps(result)


def test_an_empty_secret_shows_that_it_is_empty() -> None:
    assert redact("password", "") == ""
    assert redact("token", None) is None


@given(
    canary=canaries,
    place=st.sampled_from([
        "http://{}@h/", "http://u:{}@h:1/x", "https://h/{}", "https://h/a/{}/b?x=1", "https://h?k={}", "https://h/#{}",
        "wss://h/{}", "Bearer {}", "authorization: Bearer {}", "password={}", '"token": "{}"', "api-key={}", "secret={}",
    ]),
    around=st.tuples(st.text("ab :.,()[]{}\"'\n", max_size=8), st.text(" :,)]}\"'\n", max_size=8)),
)  # fmt: skip
def test_a_canary_never_gets_through_a_text(canary: str, place: str, around: tuple[str, str]) -> None:
    assert CANARY not in redact_text(f"{around[0]} {place.format(canary)} {around[1]}")


@given(
    st.recursive(
        st.one_of(
            canaries.map(Secret), canaries.map(lambda text: f"https://h/{text}"), canaries.map(str.encode),
            st.integers(), st.floats(allow_nan=False), st.none(),
            st.dictionaries(st.sampled_from(["password", "x_token", "my_key", "hook_url"]), canaries),
        ),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner) | st.tuples(inner),
        max_leaves=8,
    )
)  # fmt: skip
def test_a_canary_never_gets_through_a_structure_and_it_is_always_json(value: object) -> None:
    assert CANARY not in json.dumps(redact("field", value))
