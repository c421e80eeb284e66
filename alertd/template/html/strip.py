"""Takes the tags out of HTML, for text that is trusted as HTML but lands in an attribute."""

from __future__ import annotations

from alertd.template.html.context import IN_TAG, IN_TEXT, At, Context, Delim, Element
from alertd.template.html.transition import DELIM_END, TRANSITIONS


def strip_tags(page: str) -> str:
    """The text between tags and comments; a page without any as it is."""
    context, position, parts, only_text = IN_TEXT, 0, list[str](), True
    while position < len(page):
        if context.delim is not Delim.NONE:
            end = DELIM_END[context.delim].search(page, position)
            if end is None:
                break
            position = end.start() + (context.delim is not Delim.SPACE_OR_TAG_END)
            context = Context(at=At.TAG, element=context.element)
            continue
        at = context.at
        if context.element is not Element.NONE and at not in IN_TAG:
            at = At.RCDATA
        after, length = TRANSITIONS[at](context, page[position:])
        end_at = position + length
        if context.at in (At.TEXT, At.RCDATA):
            cut = page.rfind("<", position, end_at) if after.at is not context.at else -1
            parts.append(page[position : cut if cut >= 0 else end_at])
        else:
            only_text = False
        context, position = after, end_at
    if only_text:
        return str(page)
    if context.at in (At.TEXT, At.RCDATA):
        parts.append(page[position:])
    return "".join(parts)
