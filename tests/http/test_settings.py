"""`http_config` accepts what Prometheus accepts, and refuses what would be two answers to one question."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from alertd.http import HttpSettings


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param(
            {"basic_auth": {"username": "u"}, "bearer_token": "t"},
            "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
            id="two ways to authenticate",
        ),
        pytest.param(
            {"bearer_token": "t", "bearer_token_file": "f"},
            "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
            id="a token twice",
        ),
        pytest.param(
            {"basic_auth": {"username": "u"}, "authorization": {"credentials": "c"}},
            "at most one of basic_auth, oauth2 & authorization must be configured",
            id="a password and a token",
        ),
        pytest.param(
            {"bearer_token": "t", "authorization": {"credentials": "c"}},
            "authorization is not compatible with bearer_token & bearer_token_file",
            id="a token in both spellings",
        ),
        pytest.param(
            {"basic_auth": {"username": "u", "password": "p", "password_file": "f"}},
            "at most one of password & password_file must be configured",
            id="a password twice",
        ),
        pytest.param(
            {"authorization": {"type": "Basic", "credentials": "c"}},
            'type cannot be "basic"; use basic_auth instead',
            id="basic under authorization",
        ),
        pytest.param(
            {"oauth2": {"client_id": "i", "token_url": "u", "client_secret": "s", "client_secret_file": "f"}},
            "at most one of client_secret & client_secret_file",
            id="a client secret twice",
        ),
        pytest.param(
            {"tls_config": {"cert_file": "c"}}, "a certificate needs its key", id="a certificate without a key"
        ),
        pytest.param(
            {"tls_config": {"key_file": "k"}}, "a certificate needs its key", id="a key without a certificate"
        ),
        pytest.param(
            {"tls_config": {"ca": "PEM", "ca_file": "f"}}, "at most one of ca & ca_file", id="authorities twice"
        ),
        pytest.param({"no_proxy": "a.example"}, "no_proxy needs proxy_url", id="no_proxy alone"),
        pytest.param(
            {"proxy_url": "http://p:1", "proxy_from_environment": True},
            "either proxy_from_environment or proxy_url",
            id="two proxies",
        ),
        pytest.param(
            {"proxy_connect_header": {"X": ["y"]}},
            "proxy_connect_header needs proxy_url",
            id="a header for no proxy",
        ),
        pytest.param(
            {"http_headers": {"Authorization": {"values": ["x"]}}},
            'http_headers cannot set "Authorization"',
            id="a reserved header",
        ),
        pytest.param({"follow_redirect": True}, "Extra inputs are not permitted", id="an unknown key"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match="(?s)" + problem):
        HttpSettings.model_validate(given)


def test_every_key_of_prometheus_is_known() -> None:
    settings = HttpSettings.model_validate(
        {
            "oauth2": {
                "client_id": "id",
                "client_secret": "hush",
                "scopes": ["a"],
                "token_url": "http://t.example",
                "endpoint_params": {"audience": "x"},
                "tls_config": {"insecure_skip_verify": True},
                "proxy_url": "http://proxy.example",
            },
            "tls_config": {"ca_file": "ca.pem", "server_name": "n", "min_version": "TLS12", "max_version": "TLS13"},
            "proxy_url": "http://user:hush@proxy.example:3128",
            "no_proxy": "a.example",
            "proxy_connect_header": {"X-Proxy": ["hush"]},
            "follow_redirects": False,
            "enable_http2": True,
            "http_headers": {"X-Team": {"values": ["a"], "secrets": ["hush"], "files": ["f"]}},
        }
    )

    assert settings.follow_redirects is False
    assert "hush" not in repr(settings)
    assert "hush" not in settings.model_dump_json()


def test_relative_paths_start_at_the_folder_of_the_configuration() -> None:
    given = {
        "basic_auth": {"username": "u", "password_file": "secrets/p"},
        "tls_config": {"ca_file": "ca.pem", "cert_file": "/abs/c.pem", "key_file": "k.pem"},
    }

    settings = HttpSettings.model_validate(given, context={"base": Path("/etc/alertd")})

    assert settings.basic_auth is not None
    assert settings.basic_auth.password_file is not None
    assert settings.tls_config is not None
    assert settings.basic_auth.password_file.file == Path("/etc/alertd/secrets/p")
    assert settings.tls_config.ca_file == Path("/etc/alertd/ca.pem")
    assert settings.tls_config.cert_file == Path("/abs/c.pem")
