"""What `/api/v1/rules` is asked for: the filters and pages of Prometheus 3. Pure.

source   Prometheus web/api/v1; errors are worded as there
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from multidict import MultiMapping

from alertd.api.prometheus_json import GroupJson, group_json, rule_json
from alertd.engine.state import GroupState, RuleState
from alertd.errors import AlertdError
from alertd.labels.matcher import Matchers, all_match
from alertd.labels.matcher_parse import MatcherError, RegexError, parse_matchers
from alertd.rules.rule import AlertingRule, RecordingRule

RULE_TYPES: dict[str, tuple[type, ...]] = {
    "": (AlertingRule, RecordingRule),
    "alert": (AlertingRule,),
    "record": (RecordingRule,),
}
BOOLEANS = {"": False} | dict.fromkeys(("1", "t", "true"), True) | dict.fromkeys(("0", "f", "false"), False)
_OTHER_QUOTES = re.compile(r"""([=~]\s*)(['`])([^'`"\\]*)\2""")  # PromQL knows three kinds
_NUMBER = re.compile("[+-]?[0-9]{1,10}")


class ParameterError(AlertdError):
    """A query parameter has a value that means nothing; worded as Prometheus words it."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f'invalid parameter "{name}": {text}')


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesQuery:
    """Which rules are asked for; what is empty asks for all.

    matchers   each a selector, one of which the labels of a rule must satisfy as they are written
    limit      most groups in one answer; 0: all
    token      which group the answer begins with, see `group_token`
    """

    types: tuple[type, ...] = RULE_TYPES[""]
    rule_names: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    matchers: tuple[Matchers, ...] = ()
    with_alerts: bool = True
    limit: int = 0
    token: str = ""

    @classmethod
    def parse(cls, parameters: MultiMapping[str]) -> Self:
        """From the parameters of the URL; others than those of Prometheus are ignored. Raises ParameterError."""
        kind = parameters.get("type", "").lower()
        if kind not in RULE_TYPES:
            raise ParameterError("type", f'not supported value "{parameters["type"]}"')
        exclude = parameters.get("exclude_alerts", "").lower()
        if exclude not in BOOLEANS:
            raise ParameterError(
                "exclude_alerts",
                f'error converting exclude_alerts: strconv.ParseBool: parsing "{exclude}": invalid syntax',
            )
        limit, token = _page(parameters.get("group_limit", ""), parameters.get("group_next_token", ""))
        return cls(
            types=RULE_TYPES[kind],
            rule_names=frozenset(parameters.getall("rule_name[]", ())),
            group_names=frozenset(parameters.getall("rule_group[]", ())),
            files=frozenset(parameters.getall("file[]", ())),
            matchers=tuple(map(_selector, parameters.getall("match[]", ()))),
            with_alerts=not BOOLEANS[exclude],
            limit=limit,
            token=token,
        )

    def group(self, state: GroupState) -> GroupJson | None:
        """The group with the rules asked for; None when it is not asked for, or none of its rules."""
        if not self._wants_group(state):
            return None
        rules = [rule_json(rule, with_alerts=self.with_alerts) for rule in state.rules if self._wants_rule(rule)]
        return group_json(state, rules) if rules or not state.rules else None

    def from_page(self, states: Iterable[GroupState]) -> list[GroupState]:
        """The groups from the one its token names on; raises ParameterError where none has it."""
        groups = list(states)
        start = (number for number, state in enumerate(groups) if group_token(state) == self.token)
        first = next(start, None) if self.token else 0
        if first is None:
            raise ParameterError(
                "group_next_token", f"invalid group_next_token '{self.token}'. were rule groups changed?"
            )
        return groups[first:]

    def _wants_group(self, state: GroupState) -> bool:
        return (not self.group_names or state.group.name in self.group_names) and (
            not self.files or state.group.file in self.files
        )

    def _wants_rule(self, state: RuleState) -> bool:
        rule = state.rule
        return (
            isinstance(rule, self.types)
            and (not self.rule_names or rule.name in self.rule_names)
            and (not self.matchers or any(all_match(matchers, _labels(rule)) for matchers in self.matchers))
        )


def group_token(state: GroupState) -> str:
    """The token of the page that begins with the group: the same in Prometheus."""
    name = f"{state.group.file};{state.group.name}"
    return hashlib.sha1(name.encode(errors="surrogateescape"), usedforsecurity=False).hexdigest()


def _labels(rule: AlertingRule | RecordingRule) -> dict[str, str]:
    return dict(rule.label_texts if isinstance(rule, AlertingRule) else rule.labels)


def _page(limit: str, token: str) -> tuple[int, str]:
    if not limit:
        if token:
            raise ParameterError(
                "group_next_token", "group_limit needs to be present in order to paginate over the groups"
            )
        return 0, ""
    if _NUMBER.fullmatch(limit) is None:
        raise ParameterError(
            "group_limit",
            f'group_limit needs to be a valid number: strconv.ParseInt: parsing "{limit}": invalid syntax',
        )
    if int(limit) <= 0:
        raise ParameterError("group_limit", "group_limit needs to be greater than 0")
    return int(limit), token


def _selector(text: str) -> Matchers:
    """`{team="a", severity=~"page|warning"}`; one without any demand is a mistake, as in Prometheus."""
    try:
        matchers = parse_matchers(_OTHER_QUOTES.sub(r'\1"\3"', text))
    except (MatcherError, RegexError) as error:
        raise ParameterError("match[]", str(error)) from None
    if all(matcher.accepts("") for matcher in matchers):
        raise ParameterError("match[]", "match[] must contain at least one non-empty matcher")
    return matchers
