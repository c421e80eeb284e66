"""Arguments that several verbs take: matchers, labels, durations, the configuration file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from alertd.config.load import Config
    from alertd.labels import LabelSet
    from alertd.labels.matcher import Matchers

F = TypeVar("F", bound=Callable[..., Any])

LOCAL_TIME = Path("/etc/localtime")
_BARE_WORD = re.compile(r"[^=!~{}\"]+")


def config_option(function: F) -> F:
    """`--config.file`."""
    return click.option(
        "--config.file",
        "config_file",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("alertd.yml"),
        show_default=True,
        help="configuration file",
    )(function)


def load_config(path: Path) -> Config:
    """The configuration; raises Failure with every problem."""
    from alertd.cli.output import Failure
    from alertd.config.load import load
    from alertd.errors import AlertdError

    try:
        return load(path)
    except AlertdError as error:
        raise Failure(str(error)) from None


def parse_matcher_arguments(texts: Sequence[str]) -> Matchers:
    """Matchers such as `team=a`; the first may be a bare word, the name of an alert. Raises click.BadParameter."""
    from alertd.labels.matcher import Matcher, Op
    from alertd.labels.matcher_parse import MatcherError, RegexError, parse_matchers

    found: list[Matcher] = []
    for position, text in enumerate(texts):
        if position == 0 and _BARE_WORD.fullmatch(text):
            found.append(Matcher("alertname", Op.EQUAL, text))
            continue
        try:
            found += parse_matchers(text)
        except (MatcherError, RegexError) as error:
            raise click.BadParameter(
                f"{error}; write matchers as name=value, name!=value, name=~regex or name!~regex",
                param_hint="MATCHER",
            ) from None
    return tuple(found)


def parse_label_arguments(texts: Sequence[str]) -> LabelSet:
    """Labels such as `team=a`; raises click.BadParameter."""
    from alertd.labels import LabelSet

    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f'"{text}" is no label; write it as name=value', param_hint="LABEL")
        pairs[name] = value
    return LabelSet(pairs)


def read_label_sets(lines: Iterable[str]) -> list[LabelSet]:
    """One per line: `team=a severity="page"`, or a JSON object of texts; raises click.BadParameter with the line."""
    return [
        _label_set(line.strip(), number)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _label_set(line: str, number: int) -> LabelSet:
    import shlex

    import msgspec

    from alertd.labels import LabelSet

    try:
        if line.startswith("{"):
            return LabelSet(msgspec.json.decode(line, type=dict[str, str]))
        return parse_label_arguments(shlex.split(line))
    except (ValueError, click.BadParameter) as error:
        said = error.message if isinstance(error, click.BadParameter) else str(error)
        raise click.BadParameter(f"line {number}: {said}", param_hint="standard input") from None


def parse_duration_argument(text: str, flag: str) -> timedelta:
    """A duration such as `2h`; raises click.BadParameter."""
    from alertd.duration import DurationError, parse_duration

    try:
        duration = parse_duration(text)
    except DurationError as error:
        raise click.BadParameter(f"{error}; write it as 30m, 2h or 1d12h", param_hint=flag) from None
    if not duration:
        raise click.BadParameter("must be longer than 0", param_hint=flag)
    return duration


def local_zone() -> tzinfo:
    """The time zone of this machine, or of `TZ`; UTC where there is none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with LOCAL_TIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return UTC
