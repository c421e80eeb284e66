"""Loads alertd.yml and the rule files it names: everything, or a ConfigError with everything that is wrong."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from alertd.config.collector import collector_paused
from alertd.config.cross_checks import check_names, check_rule_files
from alertd.config.global_settings import GlobalSettings
from alertd.config.keys import NOT_SUPPORTED
from alertd.config.lint import unread_document
from alertd.config.model_problems import model_problems
from alertd.config.rule_files import RuleFile, load_rule_file, rule_file_names, unreadable
from alertd.config.settings import AlertdFile, WebSettings, with_defaults
from alertd.config.variables import Variables
from alertd.dispatch.route import RouteSettings
from alertd.engine.alertmanagers import AlertmanagerSettings
from alertd.query.remote_write import RemoteWriteSettings
from alertd.query.source import SourceSettings
from alertd.receivers.registry import ReceiverSettings
from alertd.rules.rule import RuleGroup
from alertd.rules.settings import EvaluationSettings
from alertd.store.settings import StorageSettings
from alertd.yamlio import ConfigError, Documents, Items, Node, Problem, Scalar, Table, in_order, is_null, texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration that can be used.

    file       alertd.yml as it was named
    groups     the rule groups of all files, in the order of files and in them
    route      None: only the alertmanagers are sent alerts
    defaults   of alerts posted by others, and of receivers (already applied to them)
    receivers  who can be told
    digest     SHA-256 over everything that was read: equal as long as nothing has changed
    files      everything that was read, alertd.yml first
    warnings   what was found and does not prevent its use
    """

    file: Path
    sources: tuple[SourceSettings, ...]
    evaluation: EvaluationSettings
    groups: tuple[RuleGroup, ...]
    storage: StorageSettings
    remote_write: tuple[RemoteWriteSettings, ...]
    alertmanagers: tuple[AlertmanagerSettings, ...]
    web: WebSettings
    defaults: GlobalSettings
    route: RouteSettings | None
    receivers: tuple[ReceiverSettings, ...]
    digest: str
    files: tuple[Path, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found in the files: a configuration, or errors among the problems; rule files with their places."""

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
    return _Read(path, environment).digest()


@collector_paused()
def examine(path: Path, *, environment: Mapping[str, str] | None = None) -> Examined:
    """Everything that can be said about `path` and the rule files it names.

    environment  for `${VAR}`; None: that of the process
    """
    read = _Read(path, environment)
    settings = read.settings()
    files = read.rule_files()
    unread = [unread_document(file.source, file.unread_at) for file in files if file.unread_at is not None]
    problems = in_order(
        [
            *read.problems,
            *read.cross_problems(files),
            *unread,
            *(problem for file in files for problem in file.problems),
        ]
    )
    config = None
    if settings is not None and not any(problem.is_error for problem in problems):
        config = _config(path, settings, files, read, problems)
    return Examined(config=config, rule_files=files, problems=problems)


def _config(
    path: Path, settings: AlertdFile, files: tuple[RuleFile, ...], read: _Read, problems: tuple[Problem, ...]
) -> Config:
    return Config(
        file=path,
        sources=settings.prometheus,
        evaluation=settings.evaluation,
        groups=tuple(group for file in files for group in file.groups),
        storage=settings.storage,
        remote_write=settings.remote_write,
        alertmanagers=settings.alertmanagers,
        web=settings.web,
        defaults=settings.global_,
        route=settings.route,
        receivers=tuple(with_defaults(receiver, settings.global_) for receiver in settings.receivers),
        digest=read.digest(),
        files=tuple(read.contents),
        warnings=problems,
    )


class _Read:
    """alertd.yml, its values with references filled in, and the texts of the rule files it names."""

    def __init__(self, path: Path, environment: Mapping[str, str] | None) -> None:
        self._base = path.parent
        self._environment = os.environ if environment is None else environment
        self.problems: list[Problem] = []
        self.contents: dict[Path, bytes] = {}
        self._root = self._values(path)
        self._patterns = _scalars(self._root.get("rule_files"))
        self._matched = {pattern: rule_file_names([pattern], base=self._base) for pattern in self._patterns}
        self._names = sorted({name for names in self._matched.values() for name in names})
        self._texts = {name: text for name in self._names if (text := self._content(self._base / name)) is not None}

    def settings(self) -> AlertdFile | None:
        """The keys of alertd.yml; None where they are at fault."""
        try:
            return AlertdFile.model_validate(texts(self._root), context={"base": self._base})
        except ValidationError as error:
            told = {problem.path for problem in self.problems}  # a reference that names nothing fits nowhere, either
            found = model_problems(error, model=AlertdFile, node=self._root, remedies=NOT_SUPPORTED)
            self.problems += [problem for problem in found if problem.path not in told]
            return None

    def rule_files(self) -> tuple[RuleFile, ...]:
        """The rule files, with the defaults of `evaluation:` and the first source."""
        evaluation, source = self._evaluation(), self._first_source()
        return tuple(
            load_rule_file(text, file=name, shown=str(self._base / name), evaluation=evaluation, source=source)
            for name, text in self._texts.items()
        )

    def cross_problems(self, files: tuple[RuleFile, ...]) -> Iterator[Problem]:
        """What the files say of each other; nothing where alertd.yml could not be read at all."""
        if self._readable:
            yield from check_names(self._root)
            matched = {pattern: bool(names) for pattern, names in self._matched.items()}
            yield from check_rule_files(self._root, files, matched=matched)

    def digest(self) -> str:
        summed = hashlib.sha256()
        for path, content in self.contents.items():
            for part in (str(path).encode(), content):
                summed.update(len(part).to_bytes(8, "big") + part)
        return summed.hexdigest()

    def _values(self, path: Path) -> Table:
        """The values of alertd.yml with references filled in; empty where there is nothing to use."""
        documents = Documents(self._content(path) or "", file=str(path))
        root = documents.read()
        self.problems += documents.problems
        self._readable = root is not None or not self.problems
        empty = Table(source=documents.source, path="", line=1, column=1, entries={})
        if root is None or is_null(root):
            return empty
        variables = Variables(self._environment, base=self._base)
        root = variables.fill(root)
        self.problems += variables.problems
        self.contents |= variables.files
        if isinstance(root, Table):
            return root
        self._readable = False
        self.problems.append(root.problem("must be a mapping, such as route: {receiver: ops}"))
        return empty

    def _content(self, path: Path) -> str | None:
        try:
            content = path.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(unreadable(str(path), error))
            return None
        self.contents[path] = content
        return text

    def _evaluation(self) -> EvaluationSettings:
        """What `evaluation:` says; the defaults where it is at fault, for then it has been told."""
        node = self._root.get("evaluation")
        try:
            return EvaluationSettings.model_validate(texts(node) if node is not None else {})
        except ValidationError:
            return EvaluationSettings.model_validate({})

    def _first_source(self) -> str:
        sources = self._root.get("prometheus")
        first = sources.items[0] if isinstance(sources, Items) and sources.items else sources
        name = first.get("name") if isinstance(first, Table) else None
        default: str = SourceSettings.model_fields["name"].default
        return name.text if isinstance(name, Scalar) else default


def _scalars(node: Node | None) -> list[str]:
    return [item.text for item in node.items if isinstance(item, Scalar)] if isinstance(node, Items) else []
