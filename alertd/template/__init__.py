"""Go text/template and html/template in Python, for rule annotations and notifications.

Parse once, render often: a text is cut into tokens (`lexer`), parsed (`parser`, `nodes`), compiled into closures
(`compile`, `expressions`) and rendered with Go's values (`values`, `fmt`). `prometheus` holds what rule files may use,
`alertmanager` what notification templates may use, `html` the contextual escaping for mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alertd.template.errors import ExecError, LimitError, NeedsQuery, ParseError, TemplateError

if TYPE_CHECKING:
    from alertd.template.functions import FunctionSet
    from alertd.template.template import Template

__all__ = ["ExecError", "FunctionSet", "LimitError", "NeedsQuery", "ParseError", "Template", "TemplateError"]


def __getattr__(name: str) -> object:
    """Loads the interpreter when it is first asked for: a CLI that only prints help should not pay for it."""
    if name == "Template":
        from alertd.template.template import Template

        return Template
    if name == "FunctionSet":
        from alertd.template.functions import FunctionSet

        return FunctionSet
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
