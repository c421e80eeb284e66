"""The files `templates:` names: which they are, in what order, and where one of them does not parse."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from alertd.template import ParseError
from alertd.template.alertmanager import TemplateSet
from alertd.yamlio import Problem

_QUOTED = re.compile(r'"([^"]+)"')


def template_file_names(patterns: Iterable[str], *, base: Path) -> list[str]:
    """The files in the order in which they are parsed: that of the patterns, sorted within each.

    A file that several patterns name counts where it is named last, since later definitions replace earlier ones. As in
    Go, `*` matches hidden files and never a `/`; a pattern may match nothing.
    """
    named = [name for pattern in patterns for name in sorted(glob.glob(pattern, root_dir=base, include_hidden=True))]
    return list(reversed(dict.fromkeys(reversed(named))))


def template_pairs(texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Name and text of each file as templates know it: Go names a template after its file, without the folder."""
    return tuple((Path(name).name, text) for name, text in texts.items())


def template_file_problems(texts: Mapping[str, str], *, base: Path) -> Iterator[Problem]:
    """The faults of template files, at their lines; each file is judged by itself."""
    for name, text in texts.items():
        try:
            TemplateSet([(Path(name).name, text)])
        except ParseError as error:
            yield _problem(str(base / name), text, error)


def _problem(shown: str, text: str, error: ParseError) -> Problem:
    line = max(error.line, 1)
    written = text.split("\n")[line - 1 : line]
    named = _QUOTED.search(error.message)
    column = written[0].find(named[1]) + 1 if named is not None and written else 0
    return Problem(
        file=shown, line=line, column=max(column, 1), message=f"template does not parse: {error}", fix=error.fix
    )
