"""`qtune doctor --format …` in a real process: whole documents, the same exit code, files by their place."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from qtune.doctor.report.formats import FORMATS
from tests.commands.conftest import Shell

SARIF = json.loads(
    (Path(__file__).parents[1] / "doctor/report/schemas/sarif-2.1.0-rtm.5.json").read_text("utf-8")
)
TOKEN = "hf_" + "Qz9" * 11 + "q"
LOOK = ("doctor", "--offline", "--only", "env", "--format")


def _json(text: str) -> Any:
    return json.loads(text)["exit"]


def _jsonl(text: str) -> Any:
    return json.loads(text.splitlines()[-1])["exit"]


def _sarif(text: str) -> Any:
    document = json.loads(text)
    jsonschema.Draft4Validator(SARIF).validate(document)
    return document["runs"][0]["invocations"][0]["exitCode"]


def _junit(text: str) -> Any:
    found = ElementTree.fromstring(text).find("testsuite/properties/property[@name='exit']")
    assert found is not None
    return int(found.get("value", ""))


def _github(text: str) -> Any:
    assert all(line.startswith("::") for line in text.splitlines()[:-1])
    return int(text.split()[-1])


def _gitlab(text: str) -> Any:
    assert isinstance(json.loads(text), list)


def _markdown(text: str) -> Any:
    row = next(line for line in text.splitlines() if line.startswith("| exit |"))
    return int(row.split("|")[2])


def _html(text: str) -> Any:
    assert text.startswith("<!DOCTYPE html>\n") and text.endswith("</html>\n")
    found = re.search(r">exit (\d+)<", text)
    assert found is not None
    return int(found[1])


# Reads the whole document, and the exit code where it tells one.
READERS: dict[str, Callable[[str], Any]] = {
    "json": _json,
    "jsonl": _jsonl,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
    "markdown": _markdown,
    "html": _html,
}


def test_every_format_is_read_here() -> None:
    assert list(READERS) == list(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_document_with_the_same_exit_code_and_no_secret(shell: Shell, name: str) -> None:
    shell.env("USE_MODELSCOP=True", f"HF_TOKEN={TOKEN}")
    text = shell.qtune(*LOOK, "text", "--fail-on", "warning")
    done = shell.qtune(*LOOK, name, "--fail-on", "warning")
    assert done.returncode == text.returncode == 1
    assert done.stderr == ""
    assert READERS[name](done.stdout) in (1, None)
    assert "ENV804" in done.stdout
    assert TOKEN[4:-4] not in done.stdout


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("wrong", ["--nonsense", "--timeout=0", "--unsafe-fixes"])
def test_a_whole_document_also_for_a_command_that_makes_no_sense(
    shell: Shell, name: str, wrong: str
) -> None:
    done = shell.qtune("doctor", wrong, f"--format={name}")
    assert done.returncode == 2
    assert done.stderr.startswith("error")
    assert READERS[name](done.stdout) in (2, None)
    assert "CFG092" in done.stdout


@pytest.mark.parametrize("name", FORMATS)
def test_no_console_can_spoil_it(shell: Shell, name: str) -> None:
    shell.env("USE_MODELSCOP=True", "QTUNE_LANG=zh")
    done = shell.qtune(*LOOK, name, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "ENV804" in done.stdout
    # A console without Chinese is spoken to in English, in every format alike.
    assert "is no setting of qtune" in done.stdout


@pytest.mark.parametrize("name", ["sarif", "github", "gitlab"])
def test_files_are_named_from_the_root_of_the_checkout(shell: Shell, name: str) -> None:
    shell.env("USE_MODELSCOP=True")
    here = shell.qtune(*LOOK, name).stdout
    root = str(shell.folder.parent)
    there = shell.qtune(*LOOK, name, GITHUB_WORKSPACE=root).stdout
    assert str(shell.folder) not in here.replace("chmod " + str(shell.folder), "")
    assert "project/.env" not in here
    assert "project/.env" in there


def test_github_gets_its_page_of_the_run(shell: Shell) -> None:
    shell.env("USE_MODELSCOP=True")
    page = shell.folder / "summary.md"
    page.write_text("before\n", "utf-8")
    done = shell.qtune(*LOOK, "github", GITHUB_STEP_SUMMARY=str(page))
    assert done.stdout.startswith("::warning file=.env,line=1,")
    written = page.read_text("utf-8")
    assert written.startswith("before\n## qtune doctor: ")
    assert "| ⚠️ | `ENV804 unknown-setting` |" in written
    shell.qtune(*LOOK, "sarif", GITHUB_STEP_SUMMARY=str(page))
    assert page.read_text("utf-8") == written


def test_a_page_that_cannot_be_written_costs_no_report(shell: Shell) -> None:
    shell.env("USE_MODELSCOP=True")
    done = shell.qtune(*LOOK, "github", GITHUB_STEP_SUMMARY=str(shell.folder / "no/such/page"))
    assert done.returncode == 0
    assert "cannot write" in done.stderr
    assert done.stdout.startswith("::warning ")


def test_markdown_does_not_name_the_home(shell: Shell) -> None:
    done = shell.qtune("doctor", "--offline", "--format", "markdown")
    assert os.environ["HOME"] not in done.stdout
    assert "~" in done.stdout


def test_the_list_has_no_such_format(shell: Shell) -> None:
    done = shell.qtune("doctor", "--list", "--format", "sarif")
    assert done.returncode == 2
    assert "--list does not go with --format sarif" in done.stderr
    _sarif(done.stdout)
