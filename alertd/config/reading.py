"""`Reading`: alertd.yml, its values with references filled in, and the texts of all files it names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alertd.config.model_problems import model_problems, null_strangers
from alertd.config.optional import OptionalEntries
from alertd.config.packs import packs
from alertd.config.prices import read_prices
from alertd.config.remedies import REMEDIES
from alertd.config.rule_files import RuleFile, load_rule_file, rule_file_names, unreadable
from alertd.config.secret_files import SecretFiles
from alertd.config.settings import AlertdFile
from alertd.config.template_files import template_file_names
from alertd.config.variables import Variables
from alertd.ledger.prices import PriceSettings
from alertd.query.source import SourceSettings
from alertd.rules.settings import EvaluationSettings
from alertd.yamlio import Documents, Items, Node, Problem, Scalar, Table, is_null, plain, texts


class Reading:
    """Everything that was read, once.

    root       the values of alertd.yml; empty where there is nothing to use
    readable   whether they can be judged at all
    problems   grows while the parts are asked for
    contents   of all files, alertd.yml first
    matched    for each pattern of `rule_files` whether a file matches
    templates  texts of template files by name, in the order in which they are parsed
    """

    def __init__(self, path: Path, environment: Mapping[str, str] | None) -> None:
        self.base = path.parent
        self.problems: list[Problem] = []
        self.contents: dict[Path, bytes] = {}
        self.readable = False
        self.root = self._values(path, os.environ if environment is None else environment)
        patterns = _scalars(self.root.get("rule_files"))
        found = {pattern: rule_file_names([pattern], base=self.base) for pattern in patterns}
        self.matched = {pattern: bool(names) for pattern, names in found.items()}
        self._rules = self._texts(sorted({name for names in found.values() for name in names}))
        self._packs = [(pack, self._text(pack.path) or "") for pack in packs(self.root, self.problems)]
        prices = self.root.get("prices")
        self._prices = prices.text if isinstance(prices, Scalar) else ""
        self._price_text = (self._text(self.base / self._prices) or "") if self._prices else ""
        self.templates = self._texts(template_file_names(_scalars(self.root.get("templates")), base=self.base))

    def settings(self) -> AlertdFile | None:
        """The keys of alertd.yml; None where they are at fault."""
        try:
            return AlertdFile.model_validate(_values(self.root), context={"base": self.base})
        except ValidationError as error:
            told = {
                problem.path for problem in self.problems if problem.is_error
            }  # a reference that names nothing fits nowhere, either
            found = model_problems(error, model=AlertdFile, node=self.root, remedies=REMEDIES)
            self.problems += [problem for problem in found if problem.path not in told]
            return None

    def rule_files(self) -> tuple[RuleFile, ...]:
        """The packs and the rule files, with the defaults of `evaluation:` and the first source."""
        evaluation, source = self._evaluation(), self._first_source()
        return (
            *(pack.load(text, evaluation=evaluation, source=source) for pack, text in self._packs),
            *(
                load_rule_file(text, file=name, shown=str(self.base / name), evaluation=evaluation, source=source)
                for name, text in self._rules.items()
            ),
        )

    def prices(self) -> PriceSettings:
        """The file `prices:` names; nothing without one."""
        return read_prices(self._price_text, file=str(self.base / self._prices), problems=self.problems)

    def digest(self) -> str:
        """SHA-256 over names and contents of everything that was read."""
        summed = hashlib.sha256()
        for path, content in self.contents.items():
            for part in (str(path).encode(), content):
                summed.update(len(part).to_bytes(8, "big") + part)
        return summed.hexdigest()

    def _values(self, path: Path, environment: Mapping[str, str]) -> Table:
        documents = Documents(self._text(path) or "", file=str(path))
        root = documents.read()
        self.problems += documents.problems
        empty = Table(source=documents.source, path="", line=1, column=1, entries={})
        if root is None or is_null(root):
            self.readable = not self.problems
            return empty
        variables = Variables(environment, base=self.base)
        optional = OptionalEntries(variables)
        root = optional.resolve(root) if isinstance(root, Table) else root
        self.problems += null_strangers(root, model=AlertdFile, remedies=REMEDIES)
        root = variables.fill(root)
        self.problems += optional.problems
        self.problems += variables.problems
        self.contents |= variables.files
        if not isinstance(root, Table):
            self.problems.append(root.problem("must be a mapping, such as route: {receiver: ops}"))
            return empty
        self.readable = True
        files = SecretFiles(base=self.base, here=Path.cwd())
        root = files.resolve(root)
        self.problems += files.problems
        return root

    def _texts(self, names: Iterable[str]) -> dict[str, str]:
        return {name: text for name in names if (text := self._text(self.base / name)) is not None}

    def _text(self, path: Path) -> str | None:
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
        node = self.root.get("evaluation")
        try:
            return EvaluationSettings.model_validate(texts(node) if node is not None else {})
        except ValidationError:
            return EvaluationSettings.model_validate({})

    def _first_source(self) -> str:
        sources = self.root.get("prometheus")
        first = sources.items[0] if isinstance(sources, Items) and sources.items else sources
        name = first.get("name") if isinstance(first, Table) else None
        default: str = SourceSettings.model_fields["name"].default
        return name.text if isinstance(name, Scalar) else default


def _values(root: Table) -> Any:
    """Texts, for settings know what they want; but what a webhook sends keeps its numbers and booleans."""
    values = texts(root)
    for at, receiver in enumerate(_items(root.get("receivers"))):
        webhooks = receiver.get("webhook_configs") if isinstance(receiver, Table) else None
        for number, webhook in enumerate(_items(webhooks)):
            payload = webhook.get("payload") if isinstance(webhook, Table) else None
            if payload is not None:
                values["receivers"][at]["webhook_configs"][number]["payload"] = plain(payload)
    return values


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else ()


def _scalars(node: Node | None) -> list[str]:
    return [item.text for item in _items(node) if isinstance(item, Scalar)]
