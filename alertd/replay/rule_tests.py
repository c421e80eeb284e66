"""Runs files of unit tests of rules; test groups side by side, each on a Prometheus of its own.

Nothing but an empty storage is safe for a test group: samples are taken in the order of time only, and each starts anew.
"""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from alertd.clock import Clock
from alertd.errors import AlertdError
from alertd.http import new_session
from alertd.query.prometheus import PrometheusSource
from alertd.query.source import SourceSettings
from alertd.replay.feed import PrometheusSink, WrittenSource
from alertd.replay.group_replay import GroupReplay
from alertd.replay.local_prometheus import LocalPrometheus, find_prometheus
from alertd.replay.results import CheckResult, FileResult, GroupResult, RuleFailure
from alertd.replay.test_file import UnitTestFile
from alertd.rules.rule import RuleGroup

ReadTests = Callable[[Path], UnitTestFile]
"""Reads a file of unit tests; raises AlertdError when it cannot be used."""

LoadRules = Callable[[Sequence[Path]], Sequence[RuleGroup]]
"""Loads rule files; raises AlertdError when one cannot be used."""


class Pattern(Protocol):
    """A compiled regular expression."""

    def search(self, text: str, /) -> object: ...


@dataclass(frozen=True, slots=True)
class RuleTests:
    """A file of unit tests, ready to run; `error` says why it cannot."""

    path: Path
    file: UnitTestFile | None = None
    rules: Sequence[RuleGroup] = ()
    warnings: tuple[str, ...] = ()
    error: str = ""


def load(path: Path, *, read: ReadTests, load_rules: LoadRules) -> RuleTests:
    """Read the file and its rule files; what cannot be read becomes its error."""
    try:
        file = read(path)
        paths, warnings = _rule_files(file)
        return RuleTests(path, file, load_rules(paths), warnings)
    except AlertdError as error:
        return RuleTests(path, error=str(error))


def _rule_files(file: UnitTestFile) -> tuple[list[Path], tuple[str, ...]]:
    """The files its patterns name, each once, and a warning for each pattern that names none."""
    paths: dict[Path, None] = {}
    warnings = []
    for pattern in file.tests.rule_files:
        found = sorted(glob.glob(pattern, root_dir=file.path.parent))
        paths |= dict.fromkeys(file.path.parent / name for name in found)
        if not found:
            warnings.append(f"rule_files: no file matches {pattern}")
    return list(paths), tuple(warnings)


async def run(
    tests: Sequence[RuleTests], *, clock: Clock, parallel: int, only: Pattern | None = None
) -> list[FileResult]:
    """The result of each file, in order.

    parallel   how many test groups run at once
    only       leaves out test groups whose name it is not found in
    raises     PrometheusMissingError
    """
    find_prometheus()
    places = asyncio.Semaphore(parallel)
    async with asyncio.TaskGroup() as tasks:
        running = [
            [tasks.create_task(_run_group(one, number, places, clock)) for number in _chosen(one, only)]
            for one in tests
        ]
    return [
        FileResult(
            path=one.path, groups=tuple(task.result() for task in groups), error=one.error, warnings=one.warnings
        )
        for one, groups in zip(tests, running, strict=True)
    ]


def _chosen(tests: RuleTests, only: Pattern | None) -> list[int]:
    groups = tests.file.tests.tests if tests.file is not None else ()
    return [number for number, group in enumerate(groups) if only is None or only.search(group.name)]


async def _run_group(tests: RuleTests, number: int, places: asyncio.Semaphore, clock: Clock) -> GroupResult:
    assert tests.file is not None
    group = tests.file.tests.tests[number]
    result = GroupResult(
        name=group.name or f"test group {number + 1}",
        line=tests.file.line("tests", number),
        planned=len(group.alert_rule_test) + len(group.promql_expr_test),
    )
    async with places:
        started = clock.monotonic()
        try:
            checks, failures = await _replay(tests.file, number, tests.rules, clock)
            result = replace(result, checks=tuple(checks), failures=tuple(failures))
        except AlertdError as error:
            result = replace(result, error=str(error))
        return replace(result, seconds=clock.monotonic() - started)


async def _replay(
    file: UnitTestFile, number: int, rules: Sequence[RuleGroup], clock: Clock
) -> tuple[list[CheckResult], list[RuleFailure]]:
    async with (
        LocalPrometheus(evaluation_interval=file.tests.evaluation_interval) as prometheus,
        new_session() as session,
    ):
        sink = PrometheusSink(prometheus)
        source = WrittenSource(PrometheusSource(SourceSettings(url=prometheus.url), session), sink)
        return await GroupReplay(file, number, rules, sink=sink, source=source, clock=clock).run()
