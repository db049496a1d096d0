"""`qtune check` in a real process: any file, any format, one engine with the editor."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from qtune.doctor.documents.check import check
from qtune.doctor.report.formats import FORMATS
from tests.commands.conftest import Shell
from tests.commands.test_doctor import document
from tests.hub.worlds import GOOD

WRONG = "USE_MODELSCOPE=Ture\nHF_TOKKEN=x\n"
CONFIG = "model: Qwen/Qwen3-4B\ndata: train.jsonl\ntuning: lorra\n"
DATA = '{"instruction": "q", "output": "a"}\n{"text": 1}\n'


@pytest.fixture
def project(shell: Shell) -> Shell:
    (shell.folder / ".env").write_text(WRONG)
    (shell.folder / "sft.yaml").write_text(CONFIG)
    (shell.folder / "train.jsonl").write_text(DATA)
    return shell


FILES = (".env", "sft.yaml", "train.jsonl")


def test_each_finding_is_a_line_with_its_place_first(project: Shell) -> None:
    done = project.qtune("check", *FILES)
    assert done.returncode == 1
    assert done.stderr == ""
    heads = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [re.match(r"\S+:\d+:\d+: (\w+ \w+) ", line) is not None for line in heads[:-1]] == [
        True
    ] * 4
    assert heads[0].startswith(".env:1:1: error ENV805 USE_MODELSCOPE")
    assert heads[2].startswith("sft.yaml:3:9: error CFG007 ")
    assert heads[3].startswith("train.jsonl:2:1: error DAT901 ")
    assert heads[4] == "3 errors, 1 warning in 3 files"


def test_in_chinese(project: Shell) -> None:
    done = project.qtune("check", *FILES, QTUNE_LANG="zh")
    assert "既不是 True 也不是 False" in done.stdout
    assert done.stdout.endswith("3 个文件中有 3 个错误，1 个警告\n")


def test_the_editors_function_gives_the_same(
    project: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    found = json.loads(project.qtune("check", *FILES, "--format", "json").stdout)["findings"]
    ours = [f for name in FILES for f in check(Path(name).read_text(), Path(name)).findings]
    assert [(f["code"], f["message"], f["span"]["line"], f["span"]["column"]) for f in found] == [
        (f.code, f.message.en, f.span.line, f.span.column) for f in ours if f.span
    ]


def test_0_and_a_word_when_all_is_well(shell: Shell) -> None:
    (shell.folder / ".env").write_text(f"USE_MODELSCOPE=True\nHF_TOKEN={GOOD}\n")
    done = shell.qtune("check", ".env")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no problems in 1 file\n", "")


@pytest.mark.parametrize(("threshold", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_warnings_count_when_asked_for(shell: Shell, threshold: str, code: int) -> None:
    (shell.folder / ".env").write_text("HF_TOKKEN=x\n")
    assert shell.qtune("check", ".env", "--fail-on", threshold).returncode == code


def test_a_buffer_on_stdin_is_judged_by_the_name_it_is_given(shell: Shell) -> None:
    done = shell.qtune("check", "-", "--stdin-filename", "sub/.env", stdin=WRONG)
    assert done.returncode == 1
    assert done.stdout.startswith("sub/.env:1:1: error ENV805")


def test_another_kind_of_file_is_left_out_and_named(shell: Shell) -> None:
    (shell.folder / "notes.txt").write_text(WRONG)
    (shell.folder / "ci.yaml").write_text("on: push\njobs: {}\n")
    done = shell.qtune("check", "notes.txt", "ci.yaml")
    assert done.returncode == 0
    assert "notes.txt: neither .env" in done.stdout and "ci.yaml: neither" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "missing argument 'files"),
        (("absent.env",), "there is no file absent.env"),
        (("-",), "- needs --stdin-filename"),
        ((".",), ". is a folder"),
    ],
)
def test_2_for_a_command_that_makes_no_sense(
    shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    done = shell.qtune("check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr.lower() or words in done.stderr
    as_json = shell.qtune("check", *arguments, "--format", "json")
    assert as_json.returncode == 2
    assert [f["severity"] for f in document(as_json)["findings"]] == ["error"]


def test_json_is_a_report_like_the_doctors(project: Shell) -> None:
    whole = document(project.qtune("check", *FILES, "--format", "json"))
    assert [f["code"] for f in whole["findings"]] == ["ENV805", "ENV804", "CFG007", "DAT901"]
    assert [(c["check"], c["state"]) for c in whole["checks"]] == [(name, "ok") for name in FILES]


@pytest.mark.parametrize("form", [*FORMATS])
def test_every_format_tells_every_code_and_no_secret(project: Shell, form: str) -> None:
    (project.folder / ".env").write_text(
        WRONG + f"USE_MODELSCOPE=False\nHF_ENDPOINT=https://mirror.example\nHF_TOKEN={GOOD}\n"
    )
    done = project.qtune("check", *FILES, "--format", form)
    assert done.returncode == 1, done.stderr
    for code in ("ENV801", "ENV804", "HUB204", "CFG007", "DAT901"):
        assert code in done.stdout
    assert GOOD not in done.stdout + done.stderr


@pytest.mark.parametrize("form", ["junit", "github", "markdown", "html"])
def test_a_document_names_the_command_and_the_files(project: Shell, form: str) -> None:
    done = project.qtune("check", *FILES, "--format", form, GITHUB_STEP_SUMMARY="")
    assert "qtune check: " in done.stdout
    for misuse in (("absent.env",), ("--wrong",)):
        failed = project.qtune("check", *misuse, "--format", form)
        assert failed.returncode == 2
        assert "qtune check" in failed.stdout
        if form != "html":  # which quotes the page of the code
            assert "qtune doctor" not in failed.stdout


def test_json_says_which_files_were_judged(project: Shell) -> None:
    goal = document(project.qtune("check", *FILES, "--format", "json"))["goal"]
    assert (goal["kind"], goal["model"], goal["files"]) == ("check", "", [*FILES])


def test_a_secret_in_data_is_masked(shell: Shell) -> None:
    (shell.folder / "d.jsonl").write_text(f'{{"{GOOD}": 1}}\n')
    done = shell.qtune("check", "d.jsonl")
    assert done.returncode == 1 and "DAT901" in done.stdout
    assert GOOD not in done.stdout


def test_the_project_may_keep_a_code_quiet(project: Shell) -> None:
    (project.folder / "pyproject.toml").write_text(
        '[tool.qtune.doctor]\nignore = ["CFG007", "ENV804"]\n'
    )
    whole = document(project.qtune("check", *FILES, "--format", "json"))
    assert [f["code"] for f in whole["findings"]] == ["ENV805", "DAT901"]


def test_evaluation_data_is_compared_with_training_data_in_any_order(shell: Shell) -> None:
    row = '{"instruction": "q", "output": "a"}\n'
    for name in ("train.jsonl", "eval.jsonl"):
        (shell.folder / name).write_text(row)
    for order in (("train.jsonl", "eval.jsonl"), ("eval.jsonl", "train.jsonl")):
        done = shell.qtune("check", *order)
        assert "eval.jsonl:1:1: warning DAT903" in done.stdout, done.stdout
        assert "line 1 is train.jsonl line 1" in done.stdout


def test_nothing_heavy_is_imported(project: Shell) -> None:
    from tests.commands.test_startup import HEAVY, imported

    heavy = imported(project, "check", ".env") & HEAVY
    assert heavy == set()


def test_a_closed_pipe_is_no_bug(project: Shell) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(project.command('check', *FILES))} | head -0"],
        cwd=project.folder,
        env=project.environment({}),
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
