"""TOK305, TOK309, TOK310: tokens in places where they do not count, or where others see them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtune.doctor.facts import Dotenvs, Known, Leak, Leaks, SecretFile, SecretFiles, TokenLine
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.rules.tok import tok305, tok309, tok310
from tests.doctor.build import HF, MS, healthy
from tests.doctor.examining import Machine, at_home, blamed, codes, only
from tests.hub import worlds

HF_ALONE = ("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
REAL = "hf_" + "kQwZrTyUiOpAsDfGhJkLzXcVbNmQwErTyU"  # as if drawn by lot
OTHER = "hf_" + "PlOkMiJnUhBygVtFcRdXeSzWaQpLoKmIjN"


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    project = tmp_path / "above" / "project"
    project.mkdir(parents=True)
    with at_home(project) as machine:
        yield machine


# --- TOK305


@pytest.mark.triggers("TOK305")
def test_a_token_in_the_env_above_is_the_cause_of_the_401(way: Machine) -> None:
    way.env(*HF_ALONE)
    above = way.project.parent / ".env"
    above.write_text(f"# mine\nHF_TOKEN={worlds.GOOD}\n")
    above.chmod(0o600)
    report = way.examine(worlds.LLAMA)
    assert [(f.code, f.severity, f.because) for f in report.findings] == [
        ("TOK305", Severity.ERROR, None),
        ("GATE401", Severity.ERROR, "TOK305"),
    ]
    finding = report.findings[0]
    assert finding.span is not None
    assert (finding.span.path, finding.span.line) == (str(above), 2)
    assert finding.fix is not None and finding.fix.command == f"qtune doctor --env-file {above}"
    assert blamed(report)["storage.huggingface"] == "TOK305"
    assert worlds.GOOD not in repr(report)
    assert way.hub.carrying(worlds.GOOD) == set()


@pytest.mark.spares("TOK305")
@pytest.mark.parametrize(
    "line", ["HF_TOKEN=", "MODELSCOPE_API_TOKEN=6f1c2d3e", "OTHER=1", "nonsense"]
)
def test_an_env_above_without_such_a_token_is_not_told(way: Machine, line: str) -> None:
    way.env(*HF_ALONE)
    (way.project.parent / ".env").write_text(line + "\n")
    assert codes(way.examine(worlds.LLAMA)) == ["GATE401", "TOK300"]


def test_a_token_in_the_env_above_is_nobodys_business_where_none_is_needed(way: Machine) -> None:
    way.env(*HF_ALONE)
    (way.project.parent / ".env").write_text(f"HF_TOKEN={worlds.GOOD}\n")
    assert codes(way.examine()) == []
    way.env(*HF_ALONE, f"HF_TOKEN={worlds.GOOD}")
    assert codes(way.examine(worlds.LLAMA)) == []


def test_a_model_that_may_be_private_is_told_with_the_token_above(way: Machine) -> None:
    way.env(*HF_ALONE)
    (way.project.parent / ".env").write_text(f"HF_TOKEN={worlds.WRITE}\n")
    report = way.examine(worlds.PRIVATE)
    assert [(f.code, f.severity, f.because) for f in report.findings] == [
        ("GATE400", Severity.ERROR, None),
        ("TOK305", Severity.WARNING, "GATE400"),
    ]


def test_hostile_files_above_are_passed_over(way: Machine) -> None:
    way.env(*HF_ALONE)
    (way.project.parent / ".env").mkdir()
    assert codes(way.examine(worlds.LLAMA)) == ["GATE401", "TOK300"]
    (way.project.parent / ".env").rmdir()
    (way.project.parent / ".env").write_bytes(b"HF_TOKEN=" + b"x" * (1 << 19))
    assert codes(way.examine(worlds.LLAMA)) == ["GATE401", "TOK300"]


# --- TOK309


@pytest.fixture
def open_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that others may enter, unlike those that pytest makes."""
    folder = Path(tempfile.mkdtemp(prefix="home-"))
    folder.chmod(0o755)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ".cache"))
    yield folder
    shutil.rmtree(folder)


def login(path: Path, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in path.parents:
        if folder.name == Path(tempfile.gettempdir()).name:
            break
        folder.chmod(0o755)
    path.write_text(f"{worlds.GOOD}\n")
    path.chmod(mode)
    return path


@pytest.mark.triggers("TOK309")
@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such modes")
@pytest.mark.parametrize(
    ("place", "hub"),
    [
        (".cache/huggingface/token", "Hugging Face"),
        (".cache/huggingface/stored_tokens", "Hugging Face"),
        (".modelscope/credentials/git_token", "ModelScope"),
    ],
)
def test_a_login_that_others_can_read_is_told_and_mended_by_its_mode(
    way: Machine, open_home: Path, place: str, hub: str
) -> None:
    path = login(open_home / place, 0o644)
    finding = only(way.examine(only=("TOK309",)), "TOK309")
    assert hub in finding.message.en and "0644" in finding.message.zh
    fix = finding.fix
    assert fix is not None and fix.applicability is Applicability.SAFE
    assert fix.chmod == (str(path), 0o600)
    path.chmod(fix.chmod[1])
    assert codes(way.examine(only=("TOK309",))) == []


@pytest.mark.spares("TOK309")
@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such modes")
def test_an_open_file_in_a_closed_folder_is_not_told(way: Machine, open_home: Path) -> None:
    path = login(open_home / ".cache/huggingface/token", 0o644)
    path.parent.chmod(0o700)
    assert codes(way.examine(only=("TOK309",))) == []
    path.parent.chmod(0o755)
    path.write_text("")  # logged out
    assert codes(way.examine(only=("TOK309",))) == []


def test_a_login_of_a_hub_that_may_not_serve_is_nobodys_business(
    way: Machine, open_home: Path
) -> None:
    login(open_home / ".cache/huggingface/token", 0o644)
    way.env("QTUNE_FALLBACK=False")
    assert codes(way.examine(only=("TOK309",))) == []


def test_every_exposed_file_is_a_finding() -> None:
    files = (
        SecretFile("huggingface", "/home/me/token", 0o644, True),
        SecretFile("huggingface", "/home/me/stored_tokens", 0o600, False),
        SecretFile("modelscope", "/home/me/git_token", 0o640, True),
    )
    found = list(tok309.RULE.judge(healthy(secretfiles=Known(SecretFiles(files)))))
    assert [f.fix.chmod for f in found if f.fix] == [
        ("/home/me/token", 0o600),
        ("/home/me/git_token", 0o600),
    ]


# --- TOK310


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def notebook(token: str) -> str:
    return json.dumps({"cells": [{"outputs": [{"text": [f'login("{token}")']}]}]}) + "\n"


@pytest.mark.triggers("TOK310")
def test_a_token_in_the_output_of_a_tracked_notebook_is_told_and_never_shown(way: Machine) -> None:
    git(way.project, "init", "-q")
    (way.project / "train.ipynb").write_text(notebook(REAL))
    git(way.project, "add", "train.ipynb")
    finding = only(way.examine(only=("TOK310",)), "TOK310")
    assert finding.severity is Severity.WARNING
    assert "looks like a token" in finding.message.en and "git tracks" in finding.message.en
    assert finding.span is not None
    assert (finding.span.path, finding.span.line) == (str(way.project / "train.ipynb"), 1)
    git(way.project, "commit", "-qm", "x")
    report = way.examine(only=("TOK310",))
    assert "it is in the last commit" in only(report, "TOK310").message.en
    assert (
        finding.fix is not None and "Revoke" in (only(report, "TOK310").fix or finding.fix).title.en
    )
    assert REAL not in repr(report)


def test_a_token_that_was_only_just_taken_out_is_still_in_the_last_commit(way: Machine) -> None:
    git(way.project, "init", "-q")
    script = way.project / "run.py"
    script.write_text(f'TOKEN = "{REAL}"\n')
    git(way.project, "add", "run.py")
    git(way.project, "commit", "-qm", "x")
    script.write_text("TOKEN = None\n")
    assert "last commit" in only(way.examine(only=("TOK310",)), "TOK310").message.en


def test_the_token_in_use_is_known_whatever_its_shape(way: Machine) -> None:
    git(way.project, "init", "-q")
    way.env(f"HF_TOKEN={worlds.GOOD}", f"MODELSCOPE_API_TOKEN={worlds.MODELSCOPE}")
    (way.project / "a.py").write_text(f"x\n{worlds.GOOD}\n")
    (way.project / "b.sh").write_text(f"{worlds.MODELSCOPE} {worlds.MODELSCOPE_UNKNOWN}\n")
    git(way.project, "add", "a.py", "b.sh")
    report = way.examine(only=("TOK310",))
    assert [(f.span.path, f.span.line) for f in report.findings if f.span] == [
        (str(way.project / "a.py"), 2),
        (str(way.project / "b.sh"), 1),
    ]
    assert all("that you use" in f.message.en for f in report.findings)


@pytest.mark.spares("TOK310")
@pytest.mark.parametrize(
    "text",
    [
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "hf_your_token_here",
        worlds.GOOD,  # of one letter: nobody's
        "hf_" + "abcdefghijklmnopqrstuvwxyzabcdefgh",
        "hf_" + "kQwZrTyUiOpAsDfGhJkLzXcVbNmQ" * 4,  # far longer than any
        worlds.MODELSCOPE,  # a bare UUID, and no such token in use
    ],
)
def test_examples_in_tracked_files_are_not_told(way: Machine, text: str) -> None:
    git(way.project, "init", "-q")
    (way.project / "README.md").write_text(f"HF_TOKEN={text}\n")
    git(way.project, "add", "README.md")
    git(way.project, "commit", "-qm", "x")
    assert codes(way.examine(only=("TOK310",))) == []


def test_what_git_does_not_keep_is_not_leaked(way: Machine) -> None:
    (way.project / "train.py").write_text(REAL)
    assert codes(way.examine(only=("TOK310",))) == []
    git(way.project, "init", "-q")
    assert codes(way.examine(only=("TOK310",))) == []
    way.env(f"HF_TOKEN={REAL}")
    git(way.project, "add", ".env")
    assert codes(way.examine(only=("TOK310",))) == [], "a tracked .env is ENV807's"


def test_a_program_named_in_the_repository_is_not_run(way: Machine) -> None:
    git(way.project, "init", "-q")
    ran = way.project / "ran"
    trap = way.project / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    trap.chmod(0o755)
    (way.project / ".gitattributes").write_text("*.py diff=trap\n")
    (way.project / "a.py").write_text(f"{REAL}\n")
    for key in ("diff.trap.textconv", "core.fsmonitor", "core.pager", "grep.fallbackToNoIndex"):
        git(way.project, "config", key, str(trap) if "." in key[:12] else "true")
    git(way.project, "add", "a.py")
    ran.unlink(missing_ok=True)
    assert codes(way.examine(only=("TOK310",))) == ["TOK310"]
    assert not ran.exists()


def test_many_places_are_counted() -> None:
    leaks = tuple(
        Leak("huggingface", f"/project/{n}.py", n, "hf_…wxyz", False, False) for n in range(1, 9)
    )
    found = list(tok310.RULE.judge(healthy(leaks=Known(Leaks(leaks, 4)))))
    assert len(found) == 5
    assert found[-1].evidence[0].en == "and 7 more places"
    assert not any(finding.evidence for finding in found[:-1])
    assert [*tok310.RULE.judge(healthy(sources=(MS,), leaks=Known(Leaks(leaks))))] == []


def test_a_token_in_another_env_is_no_finding_by_itself() -> None:
    dotenvs = Known(Dotenvs((TokenLine("huggingface", "HF_TOKEN", "/.env", 1),)))
    assert [*tok305.RULE.judge(healthy(sources=(HF,), dotenvs=dotenvs))] == []
