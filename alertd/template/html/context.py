"""Where in a page a point of a template lies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final


class At(Enum):
    """The state of the HTML, CSS or JavaScript parser; the value is Go's name, shown in errors."""

    TEXT = "stateText"
    TAG = "stateTag"
    ATTR_NAME = "stateAttrName"
    AFTER_NAME = "stateAfterName"
    BEFORE_VALUE = "stateBeforeValue"
    HTML_COMMENT = "stateHTMLCmt"
    RCDATA = "stateRCDATA"
    ATTR = "stateAttr"
    URL = "stateURL"
    META_CONTENT = "stateMetaContent"
    META_CONTENT_URL = "stateMetaContentURL"
    SRCSET = "stateSrcset"
    JS = "stateJS"
    JS_DOUBLE_QUOTED = "stateJSDqStr"
    JS_SINGLE_QUOTED = "stateJSSqStr"
    JS_TEMPLATE = "stateJSTmplLit"
    JS_REGEXP = "stateJSRegexp"
    JS_BLOCK_COMMENT = "stateJSBlockCmt"
    JS_LINE_COMMENT = "stateJSLineCmt"
    JS_HTML_OPEN_COMMENT = "stateJSHTMLOpenCmt"
    JS_HTML_CLOSE_COMMENT = "stateJSHTMLCloseCmt"
    CSS = "stateCSS"
    CSS_DOUBLE_QUOTED = "stateCSSDqStr"
    CSS_SINGLE_QUOTED = "stateCSSSqStr"
    CSS_DOUBLE_QUOTED_URL = "stateCSSDqURL"
    CSS_SINGLE_QUOTED_URL = "stateCSSSqURL"
    CSS_URL = "stateCSSURL"
    CSS_BLOCK_COMMENT = "stateCSSBlockCmt"
    CSS_LINE_COMMENT = "stateCSSLineCmt"
    ERROR = "stateError"
    DEAD = "stateDead"


class Delim(Enum):
    """What ends the attribute value we are in."""

    NONE = "delimNone"
    DOUBLE_QUOTE = "delimDoubleQuote"
    SINGLE_QUOTE = "delimSingleQuote"
    SPACE_OR_TAG_END = "delimSpaceOrTagEnd"


class UrlPart(Enum):
    """How far into a URL we are."""

    NONE = "urlPartNone"
    PRE_QUERY = "urlPartPreQuery"
    QUERY_OR_FRAGMENT = "urlPartQueryOrFrag"
    UNKNOWN = "urlPartUnknown"


class Slash(Enum):
    """What a `/` would mean in JavaScript."""

    REGEXP = "jsCtxRegexp"
    DIVISION = "jsCtxDivOp"
    UNKNOWN = "jsCtxUnknown"


class Attr(Enum):
    """The kind of attribute we are in or before."""

    NONE = "attrNone"
    SCRIPT = "attrScript"
    SCRIPT_TYPE = "attrScriptType"
    STYLE = "attrStyle"
    URL = "attrURL"
    SRCSET = "attrSrcset"
    META_CONTENT = "attrMetaContent"


class Element(Enum):
    """An element whose content is special."""

    NONE = "elementNone"
    SCRIPT = "elementScript"
    STYLE = "elementStyle"
    TEXTAREA = "elementTextarea"
    TITLE = "elementTitle"
    META = "elementMeta"


@dataclass(frozen=True, slots=True)
class Context:
    """One point of a page.

    braces   open braces per nested JavaScript template literal
    error    why no page can be made, in state ERROR
    """

    at: At = At.TEXT
    delim: Delim = Delim.NONE
    url_part: UrlPart = UrlPart.NONE
    slash: Slash = Slash.REGEXP
    braces: tuple[int, ...] = ()
    attr: Attr = Attr.NONE
    element: Element = Element.NONE
    error: str = ""

    def __str__(self) -> str:
        braces = " ".join(map(str, self.braces))
        return (
            f"{{{self.at.value} {self.delim.value} {self.url_part.value} {self.slash.value} [{braces}] "
            f"{self.attr.value} {self.element.value} <nil>}}"
        )


IN_TEXT: Final = Context()
DEAD: Final = Context(at=At.DEAD)

IN_TAG = frozenset([At.TAG, At.ATTR_NAME, At.AFTER_NAME, At.BEFORE_VALUE, At.ATTR])
SCRIPT_LITERALS = frozenset([At.JS_DOUBLE_QUOTED, At.JS_SINGLE_QUOTED, At.JS_TEMPLATE, At.JS_REGEXP])
COMMENTS = frozenset(
    [
        At.HTML_COMMENT,
        At.JS_BLOCK_COMMENT,
        At.JS_LINE_COMMENT,
        At.JS_HTML_OPEN_COMMENT,
        At.JS_HTML_CLOSE_COMMENT,
        At.CSS_BLOCK_COMMENT,
        At.CSS_LINE_COMMENT,
    ]
)

STATE_OF_VALUE = {
    Attr.NONE: At.ATTR,
    Attr.SCRIPT: At.JS,
    Attr.SCRIPT_TYPE: At.ATTR,
    Attr.STYLE: At.CSS,
    Attr.URL: At.URL,
    Attr.SRCSET: At.SRCSET,
    Attr.META_CONTENT: At.META_CONTENT,
}


def failed(reason: str) -> Context:
    """The context of a page that cannot be made."""
    return Context(at=At.ERROR, error=reason)


def nudge(context: Context) -> Context:
    """The context in which an action stands: `<p {{` starts an attribute name, `<p title={{` an unquoted value."""
    match context.at:
        case At.TAG:
            return replace(context, at=At.ATTR_NAME)
        case At.BEFORE_VALUE:
            return replace(context, at=STATE_OF_VALUE[context.attr], delim=Delim.SPACE_OR_TAG_END, attr=Attr.NONE)
        case At.AFTER_NAME:
            return replace(context, at=At.ATTR_NAME, attr=Attr.NONE)
    return context


def join(one: Context, other: Context, *, what: str) -> Context:
    """The context after two branches; failed if they end differently."""
    if one.at is At.ERROR or other.at is At.DEAD:
        return one
    if other.at is At.ERROR or one.at is At.DEAD or one == other:
        return other
    if replace(one, url_part=other.url_part) == other:
        return replace(one, url_part=UrlPart.UNKNOWN)
    if replace(one, slash=other.slash) == other:
        return replace(one, slash=Slash.UNKNOWN)
    nudged, other_nudged = nudge(one), nudge(other)
    if (nudged, other_nudged) != (one, other):
        joined = join(nudged, other_nudged, what=what)
        if joined.at is not At.ERROR:
            return joined
    return failed(f"{{{{{what}}}}} branches end in different contexts: {one}, {other}")


def mangled(name: str, context: Context) -> str:
    """The name under which a template is kept that is called in this context."""
    if context == IN_TEXT:
        return name
    parts = [context.at.value]
    if context.delim is not Delim.NONE:
        parts.append(context.delim.value)
    if context.url_part is not UrlPart.NONE:
        parts.append(context.url_part.value)
    if context.slash is not Slash.REGEXP:
        parts.append(context.slash.value)
    if context.braces:
        parts.append("jsBraceDepth(" + " ".join(map(str, context.braces)) + ")")
    if context.attr is not Attr.NONE:
        parts.append(context.attr.value)
    if context.element is not Element.NONE:
        parts.append(context.element.value)
    return name + "$htmltemplate_" + "_".join(parts)
