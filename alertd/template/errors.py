"""What can go wrong with a template, in Go's words.

A text that cannot be parsed is a `ParseError`, one that fails while it renders an `ExecError`. Both print the way
Go's text/template prints them, because users compare and search for those lines. `NeedsQuery` is no error: it asks
the shell to fetch an instant query and to render again.
"""

from __future__ import annotations

from typing import ClassVar

from alertd.errors import AlertdError


class TemplateError(AlertdError):
    """A template that cannot be used; `str()` gives Go's full line, such as `template: x:1: unclosed action`.

    template   name of the template the fault lies in
    line       line of its text, from 1; 0 where no place is known
    message    the cause alone, without name and line
    fix        what to write instead, where we can tell; never part of Go's text
    """

    kind: ClassVar[str] = "template"

    def __init__(self, text: str, *, template: str = "", line: int = 0, message: str = "", fix: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.template = template
        self.line = line
        self.message = message or text
        self.fix = fix

    def __str__(self) -> str:
        return self.text


class ParseError(TemplateError):
    """The text is not a template: found before anything is rendered."""

    kind = "parse"


class ExecError(TemplateError):
    """Rendering failed with these data; what was written until then is discarded."""

    kind = "exec"


class LimitError(ExecError):
    """Rendering was stopped because it took too many steps, wrote too much or nested too deeply."""


class NeedsQuery(Exception):  # noqa: N818 - a question to the shell, not an error
    """The template asks for an instant query whose result was not handed in: fetch `expr`, then render again."""

    def __init__(self, expr: str) -> None:
        super().__init__(expr)
        self.expr = expr


class CallFailed(Exception):  # noqa: N818 - becomes an ExecError with a place
    """A template function returned an error (or panicked): the interpreter adds where it was called."""
