"""Rule packs: the rules alertd brings for well-known gateways, used and adjusted under `packs:` of alertd.yml.

packs:
  - name: agentgateway
    set: {high_token_rate: 200000}      # parameters that the pack's file declares
    without: [NoMCPRequests]            # alerts that are not wanted
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from alertd.config.rule_files import RuleFile, load_rule_file
from alertd.config.rule_groups import LoadedGroup
from alertd.rules.settings import EvaluationSettings
from alertd.settings import Settings
from alertd.yamlio import Entry, Items, Node, Problem, Scalar, Table, suggestion

SHIPPED = "shipped"
"""Where a wheel has what a checkout has in `config/`."""

_ENDING = ".yml"


class PackSettings(Settings):
    """One entry of `packs`."""

    name: str = Field(min_length=1, description="name of the pack, such as agentgateway")
    source: str = Field(default="", description="the Prometheus that is asked; by default the first one")
    values: dict[str, str] = Field(
        default_factory=dict, alias="set", description="values of its parameters, by name; its file lists them"
    )
    without: tuple[str, ...] = Field(default=(), description="names of alerts that are left out")


def shipped(folder: str) -> Path:
    """Where alertd keeps what it ships under `config/`: beside its modules when installed, else in the checkout."""
    package = Path(str(files("alertd")))
    installed = package / SHIPPED / folder
    return installed if installed.is_dir() else package.parent / "config" / folder


def pack_names() -> list[str]:
    """The packs there are."""
    return sorted(path.stem for path in shipped("rules").glob(f"*{_ENDING}"))


def pack_path(name: str) -> Path:
    """The rule file of a pack."""
    return shipped("rules") / f"{name}{_ENDING}"


@dataclass(frozen=True, slots=True)
class Pack:
    """One entry of `packs`: the node it stands at, and the file it names."""

    node: Table
    name: Scalar
    path: Path

    def load(self, text: str, *, evaluation: EvaluationSettings, source: str) -> RuleFile:
        """Its rules; `text` is what its file holds. Problems with `set` and `without` are told where they stand."""
        values = self.node.get("set")
        chosen = self.node.get("source")
        file = load_rule_file(
            text,
            file=f"packs/{self.path.name}",
            shown=str(self.path),
            evaluation=evaluation,
            source=chosen.text if isinstance(chosen, Scalar) else source,
            values=_given(values) if isinstance(values, Table) else {},
        )
        return _without(file, self.node.get("without"), self.name.text)


def packs(root: Table, problems: list[Problem]) -> Iterator[Pack]:
    """The packs that alertd.yml names, each once; `problems` gets the names that are none."""
    entries = root.get("packs")
    if not isinstance(entries, Items):
        return
    seen: dict[str, int] = {}
    known = pack_names()
    for node in entries:
        name = node.get("name") if isinstance(node, Table) else None
        if not isinstance(node, Table) or not isinstance(name, Scalar):
            continue  # the settings say what is wrong
        if name.text not in known:
            fix = suggestion(name.text, known, label="packs")
            problems.append(name.problem(f'there is no pack "{name.text}"', fix=fix))
        elif name.text in seen:
            where = f"first at line {seen[name.text]}"
            problems.append(name.problem(f'pack "{name.text}" is used twice, {where}', fix="make them one entry"))
        else:
            yield Pack(node, name, pack_path(name.text))
        seen.setdefault(name.text, name.line)


def _given(values: Table) -> dict[str, Entry]:
    return {name: entry for name, entry in values.entries.items() if isinstance(entry.value, Scalar)}


def _without(file: RuleFile, names: Node | None, pack: str) -> RuleFile:
    """The file without the alerts of these names."""
    wanted = [name for name in names.items if isinstance(name, Scalar)] if isinstance(names, Items) else []
    if not wanted:
        return file
    known = {rule.name for group in file.groups for rule in group.rules}
    unknown = tuple(
        name.problem(f'pack "{pack}" has no alert "{name.text}"', fix=suggestion(name.text, known, label="alerts"))
        for name in wanted
        if name.text not in known
    )
    out = {name.text for name in wanted}
    loaded = tuple(_group_without(group, out) for group in file.loaded)
    return replace(file, loaded=loaded, problems=(*file.problems, *unknown))


def _group_without(loaded: LoadedGroup, names: set[str]) -> LoadedGroup:
    kept = [(rule, node) for rule, node in loaded.rules() if rule.name not in names]
    group = replace(loaded.group, rules=tuple(rule for rule, _ in kept))
    return replace(loaded, group=group, rule_nodes=tuple(node for _, node in kept))
