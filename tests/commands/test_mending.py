"""`qtune check --fix` writes what it shows: in the file's own bytes, in one step, and only once."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from qtune.commands import mending
from qtune.core.errors import ConfigError, QtuneError, UsageError
from tests.commands.conftest import Shell
from tests.commands.test_doctor import document

WRONG = "USE_MODELSCOPE=Ture\nUSE_MODELSCOPE=False\n# 值 🎉\nQTUNE_DEVICE=cpu#x\n"
MENDED = "USE_MODELSCOPE=False\n# 值 🎉\nQTUNE_DEVICE=cpu #x\n"
CONFIG = "model: Qwen/Qwen3-4B # 模型\nmethod: sft\ntunning: lora\n"
CODE = "from transformers import AutoModel\nAutoModel.from_pretrained('a/b', use_auth_token=True) # é\n"


@pytest.fixture
def project(shell: Shell) -> Shell:
    (shell.folder / ".env").write_bytes(WRONG.encode())
    (shell.folder / "sft.yaml").write_bytes(CONFIG.encode())
    (shell.folder / "train.py").write_bytes(CODE.encode())
    return shell


FILES = (".env", "sft.yaml", "train.py")


def contents(shell: Shell) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shell.folder.iterdir()}


def test_what_diff_shows_is_what_fix_writes(project: Shell) -> None:
    before = contents(project)
    shown = project.qtune("check", *FILES, "--diff")
    assert contents(project) == before
    assert (shown.returncode, shown.stderr) == (1, "")
    done = project.qtune("check", *FILES, "--fix")
    assert done.stderr == shown.stdout
    assert "-QTUNE_DEVICE=cpu#x\n+QTUNE_DEVICE=cpu #x\n" in shown.stdout
    assert "--- sft.yaml\n+++ sft.yaml\n" in shown.stdout
    after = contents(project)
    assert set(after) == set(before)
    assert after[".env"] == MENDED.encode()
    assert after["sft.yaml"] == CONFIG.replace("tunning", "tuning").encode()
    assert after["train.py"] == CODE.replace("use_auth_token", "token").encode()


def test_the_report_and_the_exit_code_are_of_the_state_after(project: Shell) -> None:
    (project.folder / "sft.yaml").write_text("model: Qwen/Qwen3-4B\ntuning: 7\n")
    done = project.qtune("check", *FILES, "--fix", "--format", "json")
    assert done.returncode == 1
    assert {finding["span"]["path"] for finding in document(done)["findings"]} == {"sft.yaml"}
    assert project.qtune("check", ".env", "train.py", "--fail-on", "warning").returncode == 0


def test_what_was_mended_is_not_touched_again(project: Shell) -> None:
    project.qtune("check", *FILES, "--fix", "--unsafe-fixes")
    stamps = [(project.folder / name).stat().st_mtime_ns for name in FILES]
    again = project.qtune("check", *FILES, "--fix", "--unsafe-fixes")
    assert again.stderr == ""
    assert [(project.folder / name).stat().st_mtime_ns for name in FILES] == stamps
    nothing = project.qtune("check", *FILES, "--diff")
    assert (nothing.stdout, nothing.stderr) == ("", "nothing to change\n")
    assert project.qtune("check", *FILES, "--diff", QTUNE_LANG="zh").stderr == "无需修改\n"


def test_unsafe_fixes_only_when_asked_for(shell: Shell) -> None:
    path = shell.env("HUGGINGFACE_TOKEN=abc")
    shell.qtune("check", ".env", "--fix")
    assert path.read_text() == "HUGGINGFACE_TOKEN=abc\n"
    shell.qtune("check", ".env", "--fix", "--unsafe-fixes")
    assert path.read_text() == "HF_TOKEN=abc\n"


# --- the file's own bytes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (".env", WRONG.replace("\n", "\r\n").encode(), MENDED.replace("\n", "\r\n").encode()),
        (".env", codecs.BOM_UTF8 + WRONG.encode(), codecs.BOM_UTF8 + MENDED.encode()),
        (".env", WRONG.encode("utf-16"), MENDED.encode()),
        (".env", b"HF_HUB_OFFLINE=1\n".decode().encode("utf-16"), b"HF_HUB_OFFLINE=1\n"),
        ("sft.yaml", CONFIG.replace("\n", "\r\n").encode(), b"tuning: lora\r\n"),
        ("sft.yaml", codecs.BOM_UTF8 + CONFIG.encode(), codecs.BOM_UTF8 + b"model"),
        ("t.py", ("# coding: latin-1\n" + CODE).encode("latin-1"), b"token=True) # \xe9\n"),
        ("t.py", codecs.BOM_UTF8 + CODE.encode(), codecs.BOM_UTF8 + b"from transformers"),
    ],
)  # fmt: skip
def test_encoding_and_newlines_stay(shell: Shell, name: str, before: bytes, after: bytes) -> None:
    path = shell.folder / name
    path.write_bytes(before)
    done = shell.qtune("check", name, "--fix")
    assert done.returncode == (name == "sft.yaml"), done.stdout  # its data is missing
    assert after in path.read_bytes() and path.read_bytes() != before
    assert b"tunning" not in path.read_bytes() and b"use_auth_token" not in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (".env", b"USE_MODELSCOPE=Ture#x \xff\n"),
        (".env", b"A=1\n" * 400_000 + b"QTUNE_DEVICE=cpu#x\n"),
        ("sft.yaml", b"model: a/b\ntunning: lora # \xff\n"),
        ("t.py", b"# coding: nonsense\n" + CODE.encode()),
        ("t.py", CODE.encode("latin-1")),
        ("t.py", (CODE + "def (\n").encode()),
        ("train.jsonl", b'{"text": 1}\n'),
        ("notes.txt", WRONG.encode()),
    ],
)
def test_what_cannot_be_read_is_left_as_it_is(shell: Shell, name: str, data: bytes) -> None:
    path = shell.folder / name
    path.write_bytes(data)
    done = shell.qtune("check", name, "--fix")
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr
    if b"def (" not in data:  # what parses as far as it goes may be mended so far
        assert path.read_bytes() == data


def test_a_notebook_stays_one(shell: Shell) -> None:
    cell: dict[str, Any] = {"cell_type": "code", "source": [*CODE.splitlines(keepends=True)], "metadata": {},
            "outputs": [], "execution_count": None}  # fmt: skip
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = shell.folder / "nb.ipynb"
    path.write_text(json.dumps(book, indent=1) + "\n", "utf-8")
    shell.qtune("check", "nb.ipynb", "--fix")
    told = json.loads(path.read_text("utf-8"))
    source = "".join(told["cells"][0]["source"])
    assert source == CODE.replace("use_auth_token", "token")
    told["cells"][0]["source"] = cell["source"]
    assert told == book


def test_mode_and_link_stay(project: Shell) -> None:
    real = project.folder / "real.env"
    real.write_bytes(WRONG.encode())
    real.chmod(0o640)
    link = project.folder / "link.env"
    link.symlink_to("real.env")
    project.qtune("check", "link.env", "--fix")
    assert link.is_symlink() and real.read_bytes() == MENDED.encode()
    assert real.stat().st_mode & 0o777 == 0o640


def test_no_secret_is_shown(shell: Shell) -> None:
    token = "tok-" + "Zz9" * 10
    shell.env(f"HUGGINGFACE_TOKEN={token}", f"OTHER_KEY={token}", "QTUNE_DEVICE=cpu#x")
    (shell.folder / "t.py").write_text(CODE.replace("=True", f"='hf_{'Kk' * 17}'"))
    done = shell.qtune("check", ".env", "t.py", "--fix", "--unsafe-fixes")
    assert token not in done.stdout + done.stderr and "KkKk" * 3 not in done.stdout + done.stderr
    assert "+HF_TOKEN=" in done.stderr
    assert token in (shell.folder / ".env").read_text()


# --- stdin ----------------------------------------------------------------------------------------


def test_of_stdin_the_mended_text_is_the_answer(shell: Shell) -> None:
    path = shell.env("USE_MODELSCOPE=True")
    done = shell.qtune("check", "-", "--stdin-filename", ".env", "--fix", stdin=WRONG)
    assert (done.returncode, done.stdout) == (0, MENDED)
    assert "+QTUNE_DEVICE=cpu #x" in done.stderr and done.stderr.endswith("no problems in 1 file\n")
    assert path.read_text() == "USE_MODELSCOPE=True\n"


def test_of_stdin_without_a_fix_the_text_comes_back_as_it_was(shell: Shell) -> None:
    text = "A=1\rHF_TOKEN: \n"
    done = shell.qtune("check", "-", "--stdin-filename", "x.env", "--fix", stdin=text)
    assert done.stdout.replace("\r", "\n") == text.replace("\r", "\n")
    assert shell.qtune("check", "-", "--stdin-filename", "x.txt", "--fix", stdin="?").stdout == "?"


def test_of_stdin_a_diff_is_shown_too(shell: Shell) -> None:
    done = shell.qtune("check", "-", "--stdin-filename", ".env", "--diff", stdin=WRONG)
    assert done.stdout.startswith("--- .env\n") and done.returncode == 1


# --- what does not go -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fix", "--diff", ".env"), "--fix does not go with --diff"),
        (("--unsafe-fixes", ".env"), "--unsafe-fixes needs --fix or --diff"),
        (("--fix", "-", ".env", "--stdin-filename", "x.env"), "--fix takes - alone"),
    ],
)
def test_2_for_options_that_contradict_each_other(
    project: Shell, arguments: tuple[str, ...], words: str
) -> None:
    before = contents(project)
    done = project.qtune("check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert contents(project) == before


@pytest.mark.parametrize(("name", "kind"), [(".env", ConfigError), ("sft.yaml", UsageError)])
def test_a_file_that_was_changed_meanwhile_is_not_touched(
    project: Shell, name: str, kind: type[QtuneError]
) -> None:
    path = project.folder / name
    changes = mending.planned([(path, None)], project.folder, unsafe=False)
    theirs = path.read_bytes() + b"# theirs\n"
    path.write_bytes(theirs)
    with pytest.raises(kind, match="changed by another program"):
        mending.put(changes)
    assert path.read_bytes() == theirs
    path.unlink()
    with pytest.raises(kind, match="cannot be written"):
        mending.put(changes)
    assert sorted(p.name for p in project.folder.iterdir()) == sorted({*FILES} - {name})


def test_a_finding_that_is_kept_quiet_is_not_mended(project: Shell) -> None:
    path = project.folder / ".env"
    path.write_text("QTUNE_DEVICE=cpu#x  # qtune: ignore[ENV803] as it is\n")
    path.write_text("# qtune: ignore[ENV803,ENV805] as it is\nQTUNE_DEVICE=cpu#x\n")
    before = path.read_bytes()
    project.qtune("check", ".env", "--fix")
    assert path.read_bytes() == before


def test_a_fix_that_would_break_a_program_is_not_made(tmp_path: Path) -> None:
    from qtune.core.text import plain
    from qtune.doctor.documents.edits import fix_all
    from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span

    path = tmp_path / "t.py"
    edit = Edit(Span(str(path), 1, 1, 1, 2), "(")
    wrong = Finding(
        "SRC004",
        Severity.WARNING,
        plain("x"),
        fix=Fix(plain("x"), Applicability.SAFE, edits=(edit,)),
    )
    assert fix_all("x = 1\n", path, [wrong]) == ()
    assert fix_all("x = (\n", path, [wrong]) != ()
