"""Rule files made at random: alertd accepts and refuses what `promtool check rules` accepts and refuses, rule for rule.

Left out is what is decided otherwise on purpose: newer functions and fields, null names, tags of other programs.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from alertd.config.rule_files import read_rule_file
from tests.support.servers import program

FILES = 400
SEED = 20_261_121

PIECES: dict[str, list[str]] = json.loads((Path(__file__).parent.parent / "cases/loader/pieces.json").read_text())


class Maker:
    """Writes rule files, most of them with a fault or an oddity."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def one_of(self, kind: str) -> str:
        return self._random.choice(PIECES[kind])

    def odd(self, usual: str, kind: str, share: float) -> str:
        return self.one_of(kind) if self.chance(share) else usual

    def file(self) -> bytes:
        if self.chance(0.08):
            return self.one_of("files").encode()
        text = "groups:\n" + "".join(self.group(number) for number in range(self._random.randint(1, 2)))
        return (self._random.choice(DAMAGES)(text, self._random) if self.chance(0.15) else text).encode()

    def group(self, number: int) -> str:
        text = f"  - name: {self.odd(f'g{number}', 'group_names', 0.05)}\n"
        if self.chance(0.15):
            text += f"    interval: {self.one_of('durations')}\n"
        if self.chance(0.2):
            text += f"    limit: {self.one_of('integers')}\n"
        if self.chance(0.06):
            return text + f"    rules: {self.one_of('rule_lists')}\n"
        rules = (self.rule(f"R{number}{rule}") for rule in range(self._random.randint(1, 2)))
        return text + "    rules:\n" + "".join(rules)

    def rule(self, name: str) -> str:
        is_alert = self.chance(0.7)
        fields = {"alert": name} if is_alert else {"record": self.odd("a:b", "record_names", 0.12)}
        if self.chance(0.03):
            fields |= {"alert": "both", "record": "both"}
        if self.chance(0.97):
            expr = self.odd("up", "expressions", 0.3).replace("'", "''")
            fields["expr"] = f"'{expr}'"
        often = 1.0 if is_alert else 0.15
        for key in ("for", "keep_firing_for"):
            if self.chance(0.25 * often):
                fields[key] = self.odd("5m", "durations", 0.4)
        if self.chance(0.4):
            fields["labels"] = self.mapping()
        if self.chance(0.4 * often):
            fields["annotations"] = self.mapping()
        if self.chance(0.03):
            fields[self._random.choice(["severity", "For", "interval"])] = "x"
        return "    - " + "\n      ".join(f"{key}: {value}" for key, value in fields.items()) + "\n"

    def mapping(self) -> str:
        if self.chance(0.06):
            return self.one_of("mappings")
        names = self._random.sample(PIECES["names"], 2) if self.chance(0.1) else ["sev"]
        return "".join(f"\n        {name}: {self.odd('page', 'texts', 0.25)}" for name in names)


DAMAGES: tuple[Callable[[str, random.Random], str], ...] = (
    lambda text, _: text.replace("\n", "\r\n"),
    lambda text, _: f"---\n{text}---\nfoo: [\n",
    lambda text, _: text.replace("      ", "\t", 1),
    lambda text, _: text.replace(" expr", "  expr", 1),
    lambda text, chance: text[: chance.randrange(len(text))],
    lambda text, chance: _inserted(text, chance, chance.choice("\x07\"'{}[]:#\t*&|%@,?- \n")),
    lambda text, chance: _inserted(text, chance, "\n"),
)


def _inserted(text: str, chance: random.Random, character: str) -> str:
    place = chance.randrange(len(text))
    return text[:place] + character + text[place:]


def judged_by_promtool(folder: Path, names: list[str]) -> dict[str, int | None]:
    """How many rules promtool finds in each file; None where it refuses it."""
    command = [program("promtool"), "check", "rules", "--lint=none", *names]
    said = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60
    )
    parts = re.split(r"^Checking (.+)$", said.stdout.decode(errors="replace"), flags=re.MULTILINE)
    found = {
        name: re.search(r"SUCCESS: (\d+) rules found", text)
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    return {name: int(match[1]) if match else None for name, match in found.items()}


def judged_by_us(folder: Path, name: str) -> int | None:
    file = read_rule_file(name, base=folder)
    return None if any(problem.is_error for problem in file.problems) else file.rules


def test_random_files_are_judged_as_promtool_judges_them(tmp_path: Path) -> None:
    maker = Maker(SEED)
    names = [f"{number:03}.yml" for number in range(FILES)]
    for name in names:
        (tmp_path / name).write_bytes(maker.file())
    theirs = judged_by_promtool(tmp_path, names)
    ours = {name: judged_by_us(tmp_path, name) for name in names}
    wrong = [name for name in names if ours[name] != theirs[name]]
    assert not wrong, "\n\n".join(
        f"promtool: {theirs[name]}, alertd: {ours[name]}\n{(tmp_path / name).read_text(errors='replace')}"
        for name in wrong[:5]
    )
    accepted = sum(count is not None for count in theirs.values())
    assert FILES / 5 < accepted < FILES * 4 / 5, "the files show something of both kinds"
