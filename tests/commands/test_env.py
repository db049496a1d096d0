"""`qtune env` and `qtune exec`: what the settings are, and other programs with them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from rich.cells import cell_len

from tests.commands.conftest import Shell

TOKEN = "hf_" + "Tt" * 17


def test_set_values_come_with_their_origin_and_reader(shell: Shell) -> None:
    shell.env("# first", "USE_MODELSCOPE=False", f"HF_TOKEN={TOKEN}")
    text = shell.qtune("env", DEFAULT_MODEL="a/b").stdout
    lines = [" ".join(line.split()) for line in text.splitlines()]
    rows = {line.split()[0]: (line, below) for line, below in pairwise(lines) if line[:1].isupper()}
    assert rows["USE_MODELSCOPE"] == (
        "USE_MODELSCOPE False",
        ".env line 2 · read by core.sources",
    )
    assert rows["DEFAULT_MODEL"][1].startswith("the environment · read by ")
    assert rows["HF_TOKEN"][0] == "HF_TOKEN hf_…TtTt"
    assert TOKEN not in text
    assert "HF_HOME" not in rows


def test_verbose_shows_the_defaults_too(shell: Shell) -> None:
    text = shell.qtune("env", "-v", COLUMNS="160").stdout
    assert "HF_HOME" in text
    assert "the default" in text


def test_what_is_overridden_and_what_cannot_be_used_is_said(shell: Shell) -> None:
    shell.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=perhaps")
    text = shell.qtune("env", USE_MODELSCOPE="True").stdout
    assert ".env line 1 · overridden" in text
    assert "! 'perhaps' is neither True nor False" in text


def test_another_file_can_stand_for_env(shell: Shell) -> None:
    (shell.folder / "prod.env").write_text("DEFAULT_MODEL=x/y\n")
    assert "prod.env line 1" in shell.qtune("env", "--env-file", "prod.env", COLUMNS="160").stdout


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_the_list_fits_and_a_value_stays_whole(shell: Shell, width: str) -> None:
    endpoint = "https://a-very-long-host-name.example.com/with/a/path"
    shell.env(f"HF_TOKEN={TOKEN}", f"HF_ENDPOINT={endpoint}")
    for language in ("en", "zh"):
        lines = shell.qtune("env", COLUMNS=width, QTUNE_LANG=language).stdout.splitlines()
        assert any(line.endswith(f"  {endpoint}") for line in lines)
        for line in lines:
            assert cell_len(line) <= int(width) or endpoint in line or "config.env" in line
            assert line == line.rstrip()


def test_export_can_be_evaluated_and_only_it_prints_a_token(shell: Shell) -> None:
    awkward = 'it\'s "$HOME" `x` 100%'
    shell.env(f"HF_TOKEN={TOKEN}", f"PYTORCH_ALLOC_CONF={json.dumps(awkward)}")
    lines = shell.qtune("env", "--export", "bash")
    assert lines.stderr == ""
    show = f'{sys.executable} -c \'import os; print(os.environ["HF_TOKEN"], os.environ["PYTORCH_ALLOC_CONF"])\''
    done = subprocess.run(["bash", "-c", lines.stdout + show], capture_output=True, text=True)
    assert done.stdout == f"{TOKEN} {awkward}\n"
    powershell = shell.qtune("env", "--export", "powershell").stdout
    assert f"$env:HF_TOKEN = '{TOKEN}'" in powershell


def test_settings_that_cannot_be_used_are_not_exported(shell: Shell) -> None:
    shell.env("QTUNE_FALLBACK=perhaps")
    for arguments in (("env", "--export", "bash"), ("exec", "--", "true"), ("download",)):
        done = shell.qtune(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "error[ENV805]: QTUNE_FALLBACK (.env line 1)" in done.stderr


def test_exec_gives_the_settings_and_takes_the_exit_code(shell: Shell) -> None:
    shell.env(f"HF_TOKEN={TOKEN}", "HF_HUB_DISABLE_XET=yes", "UNRELATED=1")
    code = (
        "import os, sys; e = os.environ; "
        "print(e['HF_TOKEN'], e['HF_HUB_DISABLE_XET'], e.get('UNRELATED'), e['MINE']); sys.exit(41)"
    )
    done = shell.qtune("exec", "--", sys.executable, "-c", code, MINE="kept")
    assert done.stdout == f"{TOKEN} 1 None kept\n"
    assert done.returncode == 41


def test_exec_needs_no_double_dash_and_leaves_the_programs_options_alone(shell: Shell) -> None:
    assert shell.qtune("exec", "printf", "%s", "--help").stdout == "--help"
    assert shell.qtune("exec", "--", "printf", "%s", "--env-file").stdout == "--env-file"


def test_exec_passes_standard_input(shell: Shell) -> None:
    assert shell.qtune("exec", "cat", stdin="over\n").stdout == "over\n"


def test_a_signal_reaches_the_program_itself(shell: Shell) -> None:
    child = shell.start(
        "exec",
        "--",
        "sh",
        "-c",
        "trap 'echo got; exit 9' TERM; echo up; while :; do sleep 0.1; done",
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=20)
    assert (child.returncode, out) == (9, b"got\n")


def test_a_pipe_that_closes_ends_the_program_as_in_a_shell(shell: Shell) -> None:
    command = " ".join(shell.command("exec", "--", "yes"))
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; exit ${{PIPESTATUS[0]}}"],
        cwd=shell.folder,
        env=shell.environment({}),
        capture_output=True,
        timeout=30,
    )
    assert done.stdout == b"y\n"
    assert done.returncode == 128 + signal.SIGPIPE
    assert done.stderr == b""


def test_a_program_that_is_not_there_is_a_usage_error(shell: Shell) -> None:
    began = time.monotonic()
    done = shell.qtune("exec", "--", "no-such-program")
    assert done.returncode == 2
    assert "cannot run no-such-program: No such file" in done.stderr
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "line",
    [
        "DEFAULT_MODEL=Qwen/Qwen3-4BOPENAI_API_KEY=sk-zqGluedOn",
        "HF_ENDPOINT=https://xAWS_SECRET_ACCESS_KEY=zqGluedOn/zqGluedPath",
        "HF_HOME=/tmp/qtuneDB_PASSWORD=zqGluedOn",
    ],
)
def test_no_face_shows_the_secret_of_a_line_that_lost_its_newline(shell: Shell, line: str) -> None:
    shell.env(line)
    for arguments in (
        ("env",), ("doctor", "--offline", "-vv"), ("doctor", "--offline", "--format", "json"),
        ("doctor", "--offline", "--diff", "--unsafe-fixes"), ("check", ".env"),
        ("check", ".env", "--format", "json"), ("download", "--dry-run", "--offline"),
    ):  # fmt: skip
        done = shell.qtune(*arguments)
        said = (done.stdout + done.stderr).lower()
        assert done.returncode in (0, 1, 2), said
        assert "zqglued" not in said, said
