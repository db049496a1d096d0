"""The extension's manifest, words and snippets hold together, and its snippets please the doctor."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

import qtune
from qtune.core.table import TABLE
from qtune.doctor.documents.check import check
from tests.installed import ROOT

FOLDER = ROOT / "editors/vscode"
MANIFEST: dict[str, Any] = json.loads((FOLDER / "package.json").read_text("utf-8"))
SOURCES = "".join(path.read_text("utf-8") for path in sorted((FOLDER / "src").glob("*.js")))


def read(name: str) -> dict[str, Any]:
    document = json.loads((FOLDER / name).read_text("utf-8"))
    assert isinstance(document, dict)
    return document


def test_its_version_is_that_of_qtune() -> None:
    assert MANIFEST["version"] == qtune.__version__
    assert f"## {qtune.__version__}" in (FOLDER / "CHANGELOG.md").read_text("utf-8")
    assert read("package-lock.json")["version"] == qtune.__version__


def test_the_program_is_named_by_the_user_and_by_no_workspace() -> None:
    path = MANIFEST["contributes"]["configuration"]["properties"]["qtune.path"]
    assert path["scope"] == "machine"
    untrusted = MANIFEST["capabilities"]["untrustedWorkspaces"]
    assert untrusted["supported"] == "limited"
    assert untrusted["restrictedConfigurations"] == ["qtune.path"]


def test_each_placeholder_of_the_manifest_is_said_in_both_languages() -> None:
    used = set(re.findall(r'"%([\w.]+)%"', json.dumps(MANIFEST)))
    assert used == set(read("package.nls.json")) == set(read("package.nls.zh-cn.json"))


def test_each_sentence_of_the_program_is_translated_and_keeps_its_blanks() -> None:
    said = {
        text.replace('\\"', '"') for text in re.findall(r"l10n\.t\(\s*'((?:[^'\\]|\\.)*)'", SOURCES)
    }
    translated = read("l10n/bundle.l10n.zh-cn.json")
    assert len(said) > 10
    assert said == set(translated)
    for text, chinese in translated.items():
        assert sorted(re.findall(r"\{\d\}", text)) == sorted(re.findall(r"\{\d\}", chinese)), text
        assert re.search(r"[\u4e00-\u9fff]", chinese), chinese


def test_each_command_of_the_palette_is_registered() -> None:
    commands = {command["command"] for command in MANIFEST["contributes"]["commands"]}
    assert commands == set(re.findall(r"command\('(qtune\.[\w.]+)'", SOURCES))


def test_no_command_of_its_own_has_the_name_of_one_of_the_servers() -> None:
    # The client registers those by itself; a second of the same name would fail the start.
    from qtune.doctor.documents import commands

    servers = {commands.RUN_DOCTOR, commands.FIX_ALL, commands.OPEN_REPORT, commands.APPLY_FIX}
    assert servers.isdisjoint(c["command"] for c in MANIFEST["contributes"]["commands"])
    assert f"'{commands.RUN_DOCTOR}'" in SOURCES
    assert f"'{commands.OPEN_REPORT}'" in SOURCES


def test_each_file_that_the_manifest_names_is_there() -> None:
    contributes = MANIFEST["contributes"]
    named = [MANIFEST["icon"], contributes["languages"][0]["configuration"]]
    named += [entry["path"] for kind in ("grammars", "snippets") for entry in contributes[kind]]
    for name in named:
        assert (FOLDER / name).is_file(), name


def expanded(name: str) -> str:
    """The snippet as it stands when every choice is left as it is offered."""
    (snippet,) = read(name).values()
    text = "\n".join(snippet["body"])
    text = re.sub(r"\$\{\d+\|([^,|]*)[^}]*\|\}", r"\1", text)
    text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", text)
    return re.sub(r"\$\d+", "", text)


def test_the_snippet_of_a_run_config_is_a_run_config_without_fault(tmp_path: Path) -> None:
    text = expanded("snippets/run.json")
    (tmp_path / "data").mkdir()
    row = {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]}
    (tmp_path / "data/train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    checked = check(text, tmp_path / "sft.yaml", tmp_path)
    assert checked.kind == "runconfig"
    assert checked.findings == ()


def test_the_snippet_of_an_env_file_sets_only_what_there_is(tmp_path: Path) -> None:
    text = expanded("snippets/dotenv.json")
    checked = check(text, tmp_path / ".env", tmp_path)
    assert checked.kind == "dotenv"
    assert checked.findings == ()
    keys = re.findall(r"^(?:# )?([A-Z_]+)=", text, re.M)
    assert keys == ["USE_MODELSCOPE", "HF_TOKEN", "DEFAULT_MODEL"]
    assert set(keys) <= {row.key for row in TABLE}


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (FOLDER / "package-lock.json").read_text("utf-8")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_search_for_the_program() -> None:
    done = subprocess.run(
        ["node", "--test", "test/find.test.js"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_what_an_interpreter_has_installed_is_asked_without_importing_it(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    bare = tmp_path / "bare/bin/python"
    (tmp_path / "qtune").mkdir()  # in the current folder, where `python -m` would find it
    (tmp_path / "qtune/__init__.py").write_text("raise SystemExit(11)\n", "utf-8")
    script = """
        const { state } = require(process.argv[1]);
        Promise.all(process.argv.slice(2).map(state)).then((all) => console.log(JSON.stringify(all)));
    """
    pythons = (sys.executable, bare, tmp_path / "nothing")
    done = subprocess.run(
        ["node", "-e", script, FOLDER / "src/installed.js", *pythons],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert json.loads(done.stdout) == ["ready", "no-qtune", "no-qtune"], done.stderr


@pytest.mark.skipif(not (FOLDER / "qtune.vsix").is_file(), reason="npm run package makes it")
def test_the_package_holds_the_bundle_and_nothing_to_build_it_with() -> None:
    with zipfile.ZipFile(FOLDER / "qtune.vsix") as package:
        names = set(package.namelist())
        inside: dict[str, Any] = json.loads(package.read("extension/package.json"))
        manifest = package.read("extension.vsixmanifest").decode()
    assert f'Id="qtune" Version="{inside["version"]}"' in manifest
    for name in (
        "dist/extension.js",
        "dist/NOTICES.txt",
        "readme.md",
        "changelog.md",
        "LICENSE.txt",
    ):
        assert f"extension/{name}" in names, sorted(names)
    assert "extension/l10n/bundle.l10n.zh-cn.json" in names
    assert not [name for name in names if "node_modules" in name or "/src/" in name]
