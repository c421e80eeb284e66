"""Labels and annotations must not call people: in a gateway anybody may name a model `<!channel>` or `@everyone`."""

from __future__ import annotations

import re
from collections.abc import Callable

_CALLS_IN_SLACK = re.compile(r"<(?=[!@#])")
_CALLS_EVERYBODY = re.compile(r"@(?=(?:channel|here|everyone|group|all)\b)")
_UNSEEN = "\u200b"


def harmless(text: str) -> str:
    """`text` without `@everyone` and its like: it looks the same."""
    return _CALLS_EVERYBODY.sub("@" + _UNSEEN, text)


def harmless_in_slack(*, link_names: bool) -> Callable[[str], str]:
    """Makes a text unable to call people in Slack: `<!channel>`, `<@U012>`; where names become links also `@here`.

    Everything else stays, since templates may well build links of it.
    """

    def clean(text: str) -> str:
        text = _CALLS_IN_SLACK.sub("&lt;", text)
        return harmless(text) if link_names else text

    return clean
