"""What Slack is sent: limits, and texts that are shown as they are. The rest is in test_beside_alertmanager.py."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.receivers.slack_payload import (
    FOOTER_CHARACTERS,
    LONGEST_LINK,
    MOST_ACTIONS,
    TEXT_CHARACTERS,
    cut_markup,
    escape,
    message_body,
    plain_body,
    unescape,
)
from alertd.receivers.slack_settings import SlackSettings
from tests.support.builders import a_posted_alert
from tests.support.receivers import a_message, a_rendering


def sent(**settings: Any) -> dict[str, Any]:
    text = a_rendering().text(a_message(a_posted_alert("A")))
    body: dict[str, Any] = msgspec.json.decode(message_body(SlackSettings.model_validate(settings), text))
    return body


def test_texts_are_cut_to_what_slack_takes() -> None:
    attachment = sent(text="x" * 50_000, footer="y" * 400)["attachments"][0]
    assert (len(attachment["text"]), attachment["text"][-1]) == (TEXT_CHARACTERS, "…")
    assert (len(attachment["footer"]), attachment["footer"][-1]) == (FOOTER_CHARACTERS, "…")


def test_the_text_above_the_attachment() -> None:
    assert sent(message_text="{{ .Status }}!")["text"] == "firing!"
    assert "text" not in sent()


def test_only_buttons_slack_can_show_are_sent() -> None:
    button = {"type": "button", "text": "t"}
    actions = [button | {"url": "http://a/" + "x" * LONGEST_LINK}, *({**button, "name": str(n)} for n in range(9))]
    assert [one["name"] for one in sent(actions=actions)["attachments"][0]["actions"]] == [
        str(n) for n in range(MOST_ACTIONS)
    ]


@pytest.mark.parametrize(
    ("text", "characters", "shown"),
    [
        pytest.param("abcdef", 6, "abcdef", id="what fits stays"),
        pytest.param("abcdef", 4, "abc…", id="a text is cut"),
        pytest.param("ab <http://a|runbook> c", 12, "ab …", id="not inside a link"),
        pytest.param("ab <!date^1^x|y> cdef", 10, "ab …", id="not inside a date"),
        pytest.param("ab <http://a|b> cdefgh", 18, "ab <http://a|b> c…", id="a whole link stays"),
        pytest.param("p50 < 1s and p99 is high", 12, "p50 < 1s an…", id="a comparison is no link"),
    ],
)
def test_cutting_markup(text: str, characters: int, shown: str) -> None:
    assert cut_markup(text, characters) == shown


@given(st.text())
def test_an_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert not {"<", ">"} & set(escape(text))
    assert unescape(escape(text)) == text


def test_a_plain_message_is_nothing_but_text() -> None:
    assert msgspec.json.decode(plain_body("a <!channel> & b", channel="#c")) == {
        "channel": "#c",
        "text": "a &lt;!channel&gt; &amp; b",
    }
