"""Labels and annotations call nobody."""

from __future__ import annotations

import pytest

from alertd.receivers.mentions import harmless, harmless_in_slack


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param("<!channel>", "&lt;!channel>", id="a channel"),
        pytest.param("<!subteam^S1>", "&lt;!subteam^S1>", id="a group"),
        pytest.param("<@U012>", "&lt;@U012>", id="a person"),
        pytest.param("<#C012>", "&lt;#C012>", id="a link to a channel"),
        pytest.param("p99 > 1s & p50 < 1s", "p99 > 1s & p50 < 1s", id="comparisons stay"),
        pytest.param("<http://r.example.org|runbook>", "<http://r.example.org|runbook>", id="links stay"),
        pytest.param("@here", "@here", id="plain words call nobody"),
    ],
)
def test_in_slack(given: str, shown: str) -> None:
    assert harmless_in_slack(link_names=False)(given) == shown


@pytest.mark.parametrize("word", ["@channel", "@here", "@everyone", "@group", "@all"])
def test_where_names_become_links_words_call_too(word: str) -> None:
    for clean in (harmless, harmless_in_slack(link_names=True)):
        assert word not in clean(f"model {word} failed")
        assert clean(f"model {word} failed").replace("\u200b", "") == f"model {word} failed"


def test_others_may_be_named() -> None:
    assert harmless("dana@example.com, @dana, @hereafter") == "dana@example.com, @dana, @hereafter"
