"""Which attributes hold URLs, styles or scripts, and which must not be named by data."""

from __future__ import annotations

PLAIN, URL, CSS, JS, SRCSET, HTML, UNSAFE = "plain", "url", "css", "js", "srcset", "html", "unsafe"

_TYPES = {
    "style": CSS,
    "srcset": SRCSET,
    "srcdoc": HTML,
    **dict.fromkeys(
        [
            "action",
            "archive",
            "background",
            "cite",
            "classid",
            "codebase",
            "data",
            "formaction",
            "href",
            "icon",
            "longdesc",
            "manifest",
            "poster",
            "profile",
            "src",
            "usemap",
            "xmlns",
        ],
        URL,
    ),
    **dict.fromkeys(
        [
            "accept-charset",
            "async",
            "challenge",
            "charset",
            "content",
            "crossorigin",
            "defer",
            "enctype",
            "form",
            "formenctype",
            "formmethod",
            "formnovalidate",
            "http-equiv",
            "keytype",
            "language",
            "method",
            "novalidate",
            "pattern",
            "rel",
            "sandbox",
            "type",
            "value",
        ],
        UNSAFE,
    ),
    # Known to be harmless, though their names look like those of URLs or event handlers.
    "srclang": PLAIN,
}


def attribute_type(name: str) -> str:
    """The type of an attribute by its lower-case name; unknown ones that look like URLs or handlers count as such."""
    if name.startswith("data-"):
        name = name[5:]
    elif ":" in name:
        prefix, _, name = name.partition(":")
        if prefix == "xmlns":
            return URL
    known = _TYPES.get(name)
    if known is not None:
        return known
    if name.startswith("on"):
        return JS
    return URL if any(part in name for part in ("src", "uri", "url")) else PLAIN


_JAVASCRIPT = frozenset(
    [
        "application/ecmascript",
        "application/javascript",
        "application/json",
        "application/ld+json",
        "application/x-ecmascript",
        "application/x-javascript",
        "module",
        "text/ecmascript",
        "text/javascript",
        "text/javascript1.0",
        "text/javascript1.1",
        "text/javascript1.2",
        "text/javascript1.3",
        "text/javascript1.4",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/x-ecmascript",
        "text/x-javascript",
    ]
)


def is_javascript(media_type: str) -> bool:
    """Whether a script of this type is (or may be) JavaScript."""
    return media_type.partition(";")[0].lower().strip() in _JAVASCRIPT
