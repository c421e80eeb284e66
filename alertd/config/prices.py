"""The file `prices:` names, and the budgets and projections that count in its prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import ValidationError

from alertd.config.model_problems import model_problems
from alertd.deferred import deferred
from alertd.ledger.prices import PriceSettings, PriceTable
from alertd.rules.rule import AlertingRule, Rule, RuleGroup
from alertd.yamlio import Documents, Problem, is_null, texts

if TYPE_CHECKING:
    from alertd.ledger import catalogue
    from alertd.rules.kind import Kind
else:
    catalogue = deferred("alertd.ledger.catalogue")


@runtime_checkable
class Priced(Protocol):
    """A kind that may turn tokens into dollars."""

    @property
    def is_priced(self) -> bool:
        """Whether it does."""
        ...

    def with_prices(self, prices: PriceTable) -> Kind:
        """The same kind under other prices."""
        ...


def read_prices(text: str, *, file: str, problems: list[Problem]) -> PriceSettings:
    """Our own prices; what is wrong with them goes to `problems`."""
    documents = Documents(text, file=file)
    root = documents.read()
    problems += documents.problems
    if root is None or is_null(root):
        return PriceSettings()
    try:
        return PriceSettings.model_validate(texts(root))
    except ValidationError as error:
        problems += model_problems(error, model=PriceSettings, node=root)
        return PriceSettings()


def priced(groups: Iterable[RuleGroup], settings: PriceSettings) -> tuple[RuleGroup, ...]:
    """The groups, what counts in dollars counting in these prices and, where they say nothing, in those of genai-prices."""
    found = tuple(groups)
    if not any(_is_priced(rule) for group in found for rule in group.rules):
        return found  # and the package need not be read
    table = PriceTable(settings, catalogue.GenaiPrices())
    return tuple(replace(group, rules=tuple(_priced(rule, table) for rule in group.rules)) for group in found)


def _is_priced(rule: Rule) -> bool:
    return isinstance(rule, AlertingRule) and isinstance(rule.kind, Priced) and rule.kind.is_priced


def _priced(rule: Rule, table: PriceTable) -> Rule:
    if isinstance(rule, AlertingRule) and isinstance(rule.kind, Priced):
        return replace(rule, kind=rule.kind.with_prices(table))
    return rule
