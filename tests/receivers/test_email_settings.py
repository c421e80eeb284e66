"""What `email_configs` may say, and what it takes from `global`."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alertd.config.global_settings import GlobalSettings
from alertd.receivers.email_settings import (
    DEFAULT_TEXT,
    EmailSettings,
    ThreadByDate,
    canonical,
    host_and_port,
    with_defaults,
)
from alertd.secret import HIDDEN

CANARY = "c4n4ry"


def settings(**keys: Any) -> EmailSettings:
    return EmailSettings.model_validate({"to": "ops@example.com", **keys})


def defaults(**keys: Any) -> GlobalSettings:
    own = {"smtp_smarthost": "mail.example.com:587", "smtp_from": "alerts@example.com"}
    return GlobalSettings.model_validate({**own, **keys})


def test_defaults_are_alertmanagers() -> None:
    made = settings()
    assert made.send_resolved is False
    assert made.html == '{{ template "email.default.html" . }}'
    assert made.headers == {}
    assert made.threading.enabled is False
    assert made.threading.thread_by_date is ThreadByDate.DAILY


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        pytest.param("mail.example.com:587", ("mail.example.com", "587"), id="a name"),
        pytest.param("[::1]:25", ("::1", "25"), id="an address of IPv6"),
        pytest.param(":25", ("localhost", "25"), id="this machine"),
        pytest.param("mail:submission", ("mail", "submission"), id="a service instead of a number"),
    ],
)
def test_a_smarthost_is_a_host_and_a_port(address: str, parts: tuple[str, str]) -> None:
    assert host_and_port(address) == parts
    assert settings(smarthost=address).smarthost == address


@pytest.mark.parametrize(
    ("address", "error"),
    [
        pytest.param("mail.example.com", "address mail.example.com: missing port in address", id="no port"),
        pytest.param("mail.example.com:", 'address "mail.example.com:": port cannot be empty', id="empty port"),
        pytest.param("[::1]", "address [::1]: missing port in address", id="IPv6 without a port"),
        pytest.param("::1:25", "address ::1:25: too many colons in address", id="IPv6 without brackets"),
        pytest.param("mail:99999", "address mail:99999: invalid port", id="a port beyond all"),
        pytest.param("a..b:25", "address a..b:25: invalid host name", id="an empty part of a name"),
        pytest.param("[::1:25", "address [::1:25: missing ']' in address", id="an open bracket"),
    ],
)
def test_errors_of_a_smarthost_are_gos(address: str, error: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(smarthost=address)
    assert error in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        pytest.param({"to": ""}, "to", id="no recipient"),
        pytest.param(
            {"headers": {"Subject": "a", "subject": "b"}}, 'duplicate header "Subject" in', id="twice the same"
        ),
        pytest.param({"headers": {"Bad\r\nBcc": "x"}}, "invalid header name", id="a line break in a name"),
        pytest.param({"headers": {"Bad:": "x"}}, "invalid header name", id="a colon in a name"),
        pytest.param({"headers": {"": "x"}}, "invalid header name", id="a header without a name"),
        pytest.param({"hello": "two words"}, "must be a host name", id="a space in hello"),
        pytest.param({"hello": "x\r\nQUIT"}, "must be a host name", id="a line break in hello"),
        pytest.param({"threading": {"thread_by_date": "weekly"}}, "daily", id="an unknown conversation"),
        pytest.param(
            {"threading": {"enabled": True}, "headers": {"references": "<a@b>"}},
            "threading writes References itself",
            id="a conversation of their own",
        ),
        pytest.param(
            {"auth_password": CANARY, "auth_password_file": "f"},
            "at most one of auth_password & auth_password_file must be configured",
            id="two passwords",
        ),
        pytest.param(
            {"auth_secret": CANARY, "auth_secret_file": "f"},
            "at most one of auth_secret & auth_secret_file must be configured",
            id="two secrets",
        ),
    ],
)
def test_what_is_refused(keys: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**keys)
    assert error in str(caught.value)
    assert CANARY not in str(caught.value.errors(include_input=False))


@pytest.mark.parametrize(
    ("name", "written"),
    [("subject", "Subject"), ("REPLY-TO", "Reply-To"), ("x-Team", "X-Team"), ("Message-ID", "Message-Id")],
)
def test_headers_are_written_as_go_writes_them(name: str, written: str) -> None:
    assert canonical(name) == written
    assert settings(headers={name: "x"}).headers == {written: "x"}


@pytest.mark.parametrize(
    ("keys", "template"),
    [
        pytest.param({}, DEFAULT_TEXT, id="neither is given"),
        pytest.param({"html": "<b>"}, "", id="only a page"),
        pytest.param({"text": "t"}, "t", id="a text"),
        pytest.param({"text": ""}, "", id="no text"),
        pytest.param({"html": "", "text": "t"}, "t", id="a text alone"),
    ],
)
def test_a_text_goes_beside_the_page_of_the_same_content(keys: dict[str, Any], template: str) -> None:
    assert settings(**keys).plain_text == template


@pytest.mark.parametrize(
    ("keys", "implicit"),
    [
        pytest.param({"smarthost": "m:587"}, False, id="587"),
        pytest.param({"smarthost": "m:465"}, True, id="465"),
        pytest.param({"smarthost": "m:4650"}, False, id="another port that begins alike"),
        pytest.param({"smarthost": "m:465", "force_implicit_tls": False}, False, id="465, told not to"),
        pytest.param({"smarthost": "m:2465", "force_implicit_tls": True}, True, id="another port, told to"),
    ],
)
def test_tls_from_the_first_byte(keys: dict[str, Any], implicit: bool) -> None:
    assert settings(**keys).implicit_tls is implicit


class TestInheriting:
    def test_what_is_not_given_comes_from_global(self) -> None:
        made = with_defaults(
            settings(),
            defaults(
                smtp_hello="me.example.com",
                smtp_auth_username="u",
                smtp_auth_password="p",
                smtp_auth_secret_file="/run/secret",
                smtp_auth_identity="i",
                smtp_require_tls=False,
                smtp_tls_config={"server_name": "mail"},
                smtp_force_implicit_tls=True,
            ),
        )
        assert (made.smarthost, made.from_, made.hello) == (
            "mail.example.com:587",
            "alerts@example.com",
            "me.example.com",
        )
        assert (made.auth_username, made.auth_identity, made.require_tls) == ("u", "i", False)
        assert made.auth_password is not None
        assert made.auth_password.reveal() == "p"
        assert made.auth_secret_file is not None
        assert made.tls_config is not None
        assert made.implicit_tls is True

    def test_what_is_given_stays(self) -> None:
        own = {
            "from": "me@example.org", "smarthost": "other:25", "hello": "h", "auth_username": "own", "require_tls": True,
            "tls_config": {"server_name": "own"}, "force_implicit_tls": False,
        }  # fmt: skip
        given = settings(**own)
        others = defaults(smtp_require_tls=False, smtp_force_implicit_tls=True, smtp_tls_config={"server_name": "x"})
        assert with_defaults(given, others) == given

    @pytest.mark.parametrize("own", ["auth_password", "auth_password_file"])
    @pytest.mark.parametrize("inherited", ["smtp_auth_password", "smtp_auth_password_file"])
    def test_a_password_of_its_own_keeps_the_global_one_away(self, own: str, inherited: str) -> None:
        made = with_defaults(settings(**{own: "own"}), defaults(**{inherited: "theirs"}))
        assert {"auth_password": made.auth_password_file, "auth_password_file": made.auth_password}[own] is None

    def test_a_text_is_still_the_default_one(self) -> None:
        assert with_defaults(settings(), defaults()).plain_text == DEFAULT_TEXT

    @pytest.mark.parametrize(
        ("missing", "error"),
        [("smtp_smarthost", "no global SMTP smarthost set"), ("smtp_from", "no global SMTP from set")],
    )
    def test_without_a_server_or_a_sender_there_is_no_mail(self, missing: str, error: str) -> None:
        with pytest.raises(ValueError, match=error):
            with_defaults(settings(), defaults(**{missing: ""}))


def test_secrets_are_never_shown() -> None:
    made = settings(auth_username="u", auth_password=CANARY, auth_secret=CANARY)
    assert CANARY not in repr(made)
    assert CANARY not in made.model_dump_json(by_alias=True)
    assert HIDDEN in made.model_dump_json(by_alias=True)
