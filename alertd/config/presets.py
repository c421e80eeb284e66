"""Presets: whole configurations to start from, in `config/presets`; each pack without one gets `basic` with its rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alertd.config.packs import pack_names, pack_path, shipped
from alertd.config.packs_parameters import Parameter, declared_parameters
from alertd.yamlio import Documents, Items, Scalar, Table

BASIC = "basic"
_STAND_IN = "litellm"  # the pack that basic names
_ITSELF = "alertd"  # a pack that goes with others
_MARK = "# parameters"
_GRAFANA = "http://localhost:3000"


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset: its name, the folder it is in, and the pack whose rules it uses."""

    name: str
    folder: Path
    pack: str

    @property
    def about(self) -> str:
        """What its first line says of it."""
        return self._configuration().partition("\n")[0].removeprefix("#").strip()

    @property
    def receiver(self) -> str:
        """The receiver of the root route."""
        root = Documents(self._configuration(), file="").read()
        route = root.get("route") if isinstance(root, Table) else None
        name = route.get("receiver") if isinstance(route, Table) else None
        return name.text if isinstance(name, Scalar) else ""

    def texts(self) -> dict[str, str]:
        """The files to write, by name; alertd.yml lists the parameters of the pack that it does not set."""
        configuration = self._configuration()
        before, mark, after = configuration.partition(_MARK)
        indent = " " * (len(before) - len(before.rstrip(" ")))
        listed = f"\n{indent}".join(self._parameters(configuration))
        return {
            "alertd.yml": f"{before}{listed}{after}" if mark else configuration,
            "alertd.env": (self.folder / "alertd.env").read_text(encoding="utf-8"),
            "README.md": _README.format(name=self.name, pack=self.pack, receiver=self.receiver),
        }

    def _configuration(self) -> str:
        text = (self.folder / "alertd.yml").read_text(encoding="utf-8")
        return text.replace(_STAND_IN, self.pack) if self.folder.name == BASIC else text

    def _parameters(self, configuration: str) -> list[str]:
        given = _given(configuration, self.pack)
        root = Documents(pack_path(self.pack).read_text(encoding="utf-8"), file="").read()
        declared = declared_parameters(root) if isinstance(root, Table) else ()
        return [_line(parameter) for parameter in declared if parameter.name not in given]


def preset_names() -> list[str]:
    """Every preset: those with a folder, and every pack that has none."""
    folders = {path.parent.name for path in shipped("presets").glob("*/alertd.yml")}
    return sorted((folders | set(pack_names())) - {BASIC, _ITSELF})


def find_preset(name: str) -> Preset:
    """The preset of a name that `preset_names` has."""
    folder = shipped("presets") / name
    return Preset(name, folder if (folder / "alertd.yml").is_file() else shipped("presets") / BASIC, name)


def _given(configuration: str, pack: str) -> set[str]:
    """The parameters that a configuration sets."""
    root = Documents(configuration, file="").read()
    entries = root.get("packs") if isinstance(root, Table) else None
    for entry in entries.items if isinstance(entries, Items) else ():
        name = entry.get("name") if isinstance(entry, Table) else None
        values = entry.get("set") if isinstance(entry, Table) else None
        if isinstance(name, Scalar) and name.text == pack and isinstance(values, Table):
            return set(values.entries)
    return set()


def _line(parameter: Parameter) -> str:
    """The parameter with its default, as a comment; what leads to Grafana is set, so that links of messages lead to one's own."""
    if parameter.default.text.startswith(_GRAFANA):
        return f"{parameter.name}: ${{GRAFANA_URL:-{_GRAFANA}}}{parameter.default.text.removeprefix(_GRAFANA)}"
    unit = f"{parameter.unit}; " if parameter.unit else ""
    return f"# {parameter.name}: {parameter.default.text}".ljust(36) + f"  # {unit}{parameter.description}"


_README = """\
# alertd, preset {name}

| file | what |
|---|---|
| alertd.yml | who is asked, which rules (the pack {pack}), who is told; the parameters of the rules are listed in it |
| alertd.env | the variables alertd.yml takes from the environment, secrets among them: keep it out of version control |

    set -a; . ./alertd.env; set +a      # or EnvironmentFile= of systemd, --env-file of docker
    alertd check                        # what is wrong, and what is switched off
    alertd receivers test {receiver:13} # a test message to everybody the receiver has
    alertd run

Change a limit under `packs: set:`, leave an alert out with `packs: without:`, and put rules of your own beside it
(`rule_files: [rules/*.yml]`). The running alertd takes changes by itself; a faulty file leaves the old one at work.
"""
