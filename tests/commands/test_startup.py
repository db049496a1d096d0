"""`--help` is quick because it imports next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from qtune.cli import COMMANDS
from tests.commands.conftest import Shell

HEAVY = frozenset(
    (
        "httpx",
        "rich",
        "torch",
        "huggingface_hub",
        "modelscope",
        "transformers",
        "pygls",
        "cattrs",
        "yaml",
    )
)

CODE = """
import json, sys
from qtune.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))
"""


def imported(shell: Shell, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        cwd=shell.folder,
        env=shell.environment({}),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("nonsense",)])
def test_nothing_heavy_is_imported(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert imported(shell, *arguments) & HEAVY == set()


@pytest.mark.parametrize(
    "command", ["doctor", "run", "download", "cache", "init", "env", "exec", "explain", "check"]
)
def test_a_commands_help_imports_no_library_of_its_work(shell: Shell, command: str) -> None:
    assert imported(shell, command, "--help") & HEAVY == set()


def test_explaining_a_code_needs_no_network_library(shell: Shell) -> None:
    heavy = HEAVY - {"rich"}  # of rich only the table of character widths
    assert imported(shell, "explain", "TOK303") & heavy == set()


def test_version_is_one_line(shell: Shell) -> None:
    done = shell.qtune("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("qtune ")
    assert len(done.stdout.splitlines()) == 1


def test_every_command_is_listed_with_its_help_in_both_languages(shell: Shell) -> None:
    english, chinese = shell.qtune("--help"), shell.qtune("--help", QTUNE_LANG="zh")
    for command in COMMANDS:
        assert f"  {command} " in english.stdout
        assert f"  {command} " in chinese.stdout
    assert "Find what stands in the way" in english.stdout
    assert "找出问题所在" in chinese.stdout


def test_no_command_shows_the_help_and_is_a_usage_error(shell: Shell) -> None:
    done = shell.qtune()
    assert done.returncode == 2
    assert "Usage: qtune" in done.stderr
    assert done.stdout == ""


def test_a_mistyped_command_is_told_its_neighbour(shell: Shell) -> None:
    done = shell.qtune("dcotor")
    assert done.returncode == 2
    assert done.stderr.startswith("error: no such command: 'dcotor'; did you mean 'doctor'?")


def test_an_interrupt_while_python_imports_is_quiet(shell: Shell) -> None:
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from qtune.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=shell.folder,
        env=shell.environment({}),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
