"""Runs files of unit tests of rules; test groups side by side, each on a Prometheus of its own.

Nothing but an empty storage is safe for a test group: samples are taken in the order of time only, and each starts anew.
"""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
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
from alertd.replay.notifications import NotificationReplay, OpenDispatching
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
    tests: Sequence[RuleTests],
    *,
    clock: Clock,
    parallel: int,
    only: Pattern | None = None,
    open_dispatching: OpenDispatching | None = None,
) -> list[FileResult]:
    """The result of each file, in order.

    parallel   how many test groups run at once
    only       leaves out test groups whose name it is not found in
    open_dispatching   how the `config` of a file is used; None: no file names one
    raises     PrometheusMissingError
    """
    find_prometheus()
    places = asyncio.Semaphore(parallel)
    async with asyncio.TaskGroup() as tasks:
        running = [
            [
                tasks.create_task(_run_group(one, number, places, clock, open_dispatching))
                for number in _chosen(one, only)
            ]
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


async def _run_group(
    tests: RuleTests, number: int, places: asyncio.Semaphore, clock: Clock, open_dispatching: OpenDispatching | None
) -> GroupResult:
    assert tests.file is not None
    group = tests.file.tests.tests[number]
    result = GroupResult(
        name=group.name or f"test group {number + 1}",
        line=tests.file.line("tests", number),
        planned=len(group.alert_rule_test) + len(group.promql_expr_test) + len(group.exp_notifications),
    )
    async with places:
        started = clock.monotonic()
        try:
            checks, failures = await _replay(tests.file, number, tests.rules, clock, open_dispatching)
            result = replace(result, checks=tuple(checks), failures=tuple(failures))
        except AlertdError as error:
            result = replace(result, error=str(error))
        return replace(result, seconds=clock.monotonic() - started)


async def _replay(
    file: UnitTestFile,
    number: int,
    rules: Sequence[RuleGroup],
    clock: Clock,
    open_dispatching: OpenDispatching | None,
) -> tuple[list[CheckResult], list[RuleFailure]]:
    async with AsyncExitStack() as owned:
        told = await _notifications(file, number, owned, open_dispatching)
        prometheus = await owned.enter_async_context(
            LocalPrometheus(evaluation_interval=file.tests.evaluation_interval)
        )
        session = await owned.enter_async_context(new_session())
        sink = PrometheusSink(prometheus)
        source = WrittenSource(PrometheusSource(SourceSettings(url=prometheus.url), session), sink)
        return await GroupReplay(file, number, rules, sink=sink, source=source, clock=clock, told=told).run()


async def _notifications(
    file: UnitTestFile, number: int, owned: AsyncExitStack, open_dispatching: OpenDispatching | None
) -> NotificationReplay | None:
    """Dispatching for a test group that expects notifications; raises AlertdError when its config cannot be used."""
    group = file.tests.tests[number]
    if not group.exp_notifications or open_dispatching is None:
        return None
    dispatching = await owned.enter_async_context(open_dispatching(file.path.parent / file.tests.config))
    return await owned.enter_async_context(
        NotificationReplay(
            dispatching, start=group.start_timestamp, external_labels=group.external_labels, url=group.external_url
        )
    )
