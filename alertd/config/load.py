"""Loads alertd.yml and the rule files it names: everything, or a ConfigError with everything that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from alertd.config.collector import collector_paused
from alertd.config.cross_checks import cross_problems, probable_slips
from alertd.config.global_settings import GlobalSettings
from alertd.config.lint import unread_document
from alertd.config.original import original
from alertd.config.prices import priced
from alertd.config.reading import Reading
from alertd.config.receiver_defaults import FilledReceivers
from alertd.config.rule_files import RuleFile
from alertd.config.settings import AlertdFile, WebSettings
from alertd.config.template_checks import template_problems
from alertd.config.template_files import template_file_problems, template_pairs
from alertd.dispatch.inhibition import InhibitRuleSettings
from alertd.dispatch.route import RouteSettings
from alertd.dispatch.time_intervals import TimeIntervalSettings
from alertd.engine.alertmanagers import AlertmanagerSettings
from alertd.ledger.prices import PriceSettings
from alertd.notify.condense import DIGEST_ABOVE
from alertd.query.remote_write import RemoteWriteSettings
from alertd.query.source import SourceSettings
from alertd.receivers.registry import ReceiverSettings
from alertd.rules.rule import RuleGroup
from alertd.rules.settings import EvaluationSettings
from alertd.store.settings import StorageSettings
from alertd.template.alertmanager import TemplateSet
from alertd.yamlio import ConfigError, Problem, Severity, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration that can be used.

    file       alertd.yml as it was named
    groups     the rule groups of all files, in the order of files and in them
    prices     our own, in which they count already
    route      None: only the alertmanagers are sent alerts
    defaults   of alerts posted by others, and of receivers (already applied to them)
    receivers  who can be told; fallback_receiver: the name of the one that is told what another did not take;
               digest_above: how many notifications may wait for one integration before they are told in one message
    templates  name and text of each template file, in the order in which they are parsed
    original   the configuration as Alertmanager's API shows it: its keys alone, without secrets
    digest     SHA-256 over everything that was read: equal as long as nothing has changed
    files      everything that was read, alertd.yml first
    warnings   what was found and does not prevent its use
    """

    file: Path
    sources: tuple[SourceSettings, ...]
    evaluation: EvaluationSettings
    groups: tuple[RuleGroup, ...]
    prices: PriceSettings = field(default_factory=PriceSettings)
    storage: StorageSettings
    remote_write: tuple[RemoteWriteSettings, ...]
    alertmanagers: tuple[AlertmanagerSettings, ...]
    web: WebSettings
    defaults: GlobalSettings
    route: RouteSettings | None
    receivers: tuple[ReceiverSettings, ...]
    fallback_receiver: str | None = None
    digest_above: int = DIGEST_ABOVE
    inhibit_rules: tuple[InhibitRuleSettings, ...]
    time_intervals: tuple[TimeIntervalSettings, ...]
    templates: tuple[tuple[str, str], ...] = ()
    original: str
    digest: str
    files: tuple[Path, ...]
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found in the files: rule files with their places, problems, and a configuration if it can be used.

    A template that fails is an error among the problems, yet the configuration can be used.
    """

    config: Config | None
    rule_files: tuple[RuleFile, ...]
    problems: tuple[Problem, ...]


def load(path: Path, *, environment: Mapping[str, str] | None = None) -> Config:
    """The configuration in `path`; raises ConfigError with every problem of every file."""
    examined = examine(path, environment=environment)
    if examined.config is None:
        raise ConfigError(examined.problems)
    return examined.config


def digest(path: Path, *, environment: Mapping[str, str] | None = None) -> str:
    """What `Config.digest` would be if `path` were loaded now; cheap, nothing is checked."""
    return Reading(path, environment).digest()


@collector_paused()
def examine(path: Path, *, environment: Mapping[str, str] | None = None) -> Examined:
    """Everything that can be said about `path` and the files it names.

    environment  for `${VAR}`; None: that of the process
    """
    reading = Reading(path, environment)
    settings = reading.settings()
    files = reading.rule_files()
    prices = reading.prices()
    problems = [
        *reading.problems,
        *template_file_problems(reading.templates, base=reading.base),
        *(cross_problems(reading, files) if reading.readable else ()),
        *(unread_document(file.source, file.unread_at) for file in files if file.unread_at is not None),
        *(problem for file in files for problem in file.problems),
    ]
    if settings is None:
        return Examined(config=None, rule_files=files, problems=in_order(problems))
    filled = FilledReceivers(settings.receivers, settings.global_, root=reading.root)
    problems += filled.problems
    if any(problem.is_error for problem in problems):
        return Examined(config=None, rule_files=files, problems=in_order(problems))
    problems += probable_slips(reading, files)
    templates = template_pairs(reading.templates)
    failing = tuple(template_problems(filled.receivers, reading.root, TemplateSet(templates)))
    config = _config(path, settings, files, reading, prices)
    return Examined(
        config=replace(config, receivers=filled.receivers, templates=templates, warnings=_warnings(problems, failing)),
        rule_files=files,
        problems=in_order([*problems, *failing]),
    )


def _warnings(problems: Iterable[Problem], failing: Iterable[Problem]) -> tuple[Problem, ...]:
    """What does not prevent a start; a failing template is not lost, either: a plain message takes its place."""
    told = [problem for problem in problems if problem.severity is Severity.WARNING]
    return in_order([*told, *(replace(problem, severity=Severity.WARNING) for problem in failing)])


def _config(
    path: Path, settings: AlertdFile, files: tuple[RuleFile, ...], reading: Reading, prices: PriceSettings
) -> Config:
    return Config(
        file=path,
        sources=settings.prometheus,
        evaluation=settings.evaluation,
        groups=priced((group for file in files for group in file.groups), prices),
        prices=prices,
        storage=settings.storage,
        remote_write=settings.remote_write,
        alertmanagers=settings.alertmanagers,
        web=settings.web,
        defaults=settings.global_,
        route=settings.route,
        receivers=settings.receivers,
        fallback_receiver=settings.fallback_receiver,
        digest_above=settings.digest_above,
        inhibit_rules=settings.inhibit_rules,
        time_intervals=(*settings.time_intervals, *settings.mute_time_intervals),
        original=original(reading.root, base=reading.base),
        digest=reading.digest(),
        files=tuple(reading.contents),
    )
