"""The README's examples are real: each is run, and its output must be what stands there.

`python -m tests.test_docs` writes the outputs anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from sensor.cli.main import COMMANDS
from tests.conftest import MEDSPAN, ROOT

README = ROOT / "README.md"
NAMES = [command.__name__ for command in COMMANDS] + [f"policy {command}" for command in ("check", "learn")]
EXAMPLES = re.compile(r"```console\n(.*?)```", re.DOTALL)


def with_outputs(text: str) -> str:
    """The README with every example's output as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "MEDSPAN_INVENTORY": str(Path(folder) / "medspan.duckdb"), "NO_COLOR": "1"}

        def run(block: re.Match[str]) -> str:
            lines = []
            for line in block[1].splitlines():
                if line.startswith("$ medspan "):
                    command = [str(MEDSPAN), *shlex.split(line)[2:]]
                    done = subprocess.run(
                        command, capture_output=True, text=True, cwd=ROOT, env=environment, check=True, timeout=60
                    )
                    lines += [line, *(shown.rstrip() for shown in (done.stdout + done.stderr).splitlines())]
            return "```console\n" + "\n".join(lines) + "\n```"

        return EXAMPLES.sub(run, text)


def without_vendors(text: str) -> str:
    """MAC vendors' names are data of another package, and change with it."""
    return " ".join(re.sub(r"\([A-Z][^)]*\)|─+", "", text).split())


def test_examples_are_real() -> None:
    text = README.read_text("utf-8")
    assert without_vendors(with_outputs(text)) == without_vendors(text)


def test_every_command_is_told_of() -> None:
    text = README.read_text("utf-8")
    for command in NAMES:
        assert f"`medspan {command}" in text, command


def test_every_option_in_the_table_exists() -> None:
    text = README.read_text("utf-8")
    for command in NAMES:
        row = re.search(rf"^\| `medspan {command}[ `].*$", text, re.MULTILINE)
        assert row, command
        shown = subprocess.run([MEDSPAN, *command.split(), "--help"], capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"(?<![\w-])-{1,2}[A-Za-z][\w-]*", row[0]):
            assert option in shown, (command, option)


if __name__ == "__main__":
    README.write_text(with_outputs(README.read_text("utf-8")), "utf-8")
    sys.exit()
