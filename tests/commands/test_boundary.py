"""How errors leave the process: message, fix, code, exit code; and what a console cannot show."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Shell

CANARY = "zq5-canary-0123456789abcdef"


def run(shell: Shell, code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`code` is an expression or statements that boundary.run calls."""
    body = "\n    ".join(code.splitlines())
    program = (
        "import sys\nfrom qtune import boundary\nfrom qtune.core.errors import *\n"
        "from qtune.core.text import Text\nfrom qtune.core.secret import Secret\n"
        f"def work():\n    {body}\n    return 0\nsys.exit(boundary.run(work))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=shell.folder,
        env=shell.environment(environ),
        capture_output=True,
        encoding=environ.get("PYTHONIOENCODING", "utf-8"),
        timeout=60,
    )


def test_an_error_says_what_happened_what_to_do_and_where_to_read_on(shell: Shell) -> None:
    done = run(
        shell,
        "raise DownloadError('DWN003', Text('no space', '空间不足'), Text('make room', '请清理'))",
    )
    assert done.returncode == 1
    assert done.stderr == "error[DWN003]: no space\n  → make room\n  More: qtune explain DWN003\n"
    assert done.stdout == ""


def test_it_speaks_chinese(shell: Shell) -> None:
    done = run(
        shell, "raise UsageError('CFG092', Text('no', '不行'), Text('so', '这样'))", QTUNE_LANG="zh"
    )
    assert done.returncode == 2
    assert done.stderr == "error[CFG092]: 不行\n  → 这样\n  详情：qtune explain CFG092\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted there")
@pytest.mark.parametrize(
    "command", ["env", "doctor", "download", "init", "run quickstart", "explain TOK303"]
)
def test_a_folder_that_is_gone_is_no_bug_of_qtune(shell: Shell, command: str) -> None:
    qtune = f"{sys.executable} -P -m qtune {command}"
    done = subprocess.run(
        ["bash", "-c", f"mkdir gone; cd gone; rmdir ../gone; exec {qtune}"],
        cwd=shell.folder,
        env=shell.environment({}),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error[CFG092]: the folder you are in has been deleted")


def test_a_message_of_several_lines_is_indented(shell: Shell) -> None:
    done = run(shell, "raise ConfigError('CFG005', Text('one\\ntwo', ''))")
    assert done.stderr.splitlines()[:2] == ["error[CFG005]: one", "  two"]
    assert done.returncode == 2


def test_no_secret_and_no_escape_code_leaves_in_an_error(shell: Shell) -> None:
    code = (
        f"s = Secret('{CANARY}')\nraise ConfigError('CFG005', Text('\\x1b[2J ' + s.reveal(), ''))"
    )
    done = run(shell, code)
    assert CANARY not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_bug_leaves_a_report_without_secrets_for_the_user_alone(shell: Shell) -> None:
    done = run(shell, f"s = Secret('{CANARY}')\nraise RuntimeError('odd: ' + s.reveal())")
    assert done.returncode == 3
    assert "a bug in qtune" in done.stderr
    assert "RuntimeError: odd: " in done.stderr
    assert CANARY not in done.stderr
    path = Path(re.search(r"masked\): (\S+)", done.stderr)[1])  # type: ignore[index]
    text = path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Traceback" in text
    assert "RuntimeError" in text
    assert "python: 3." in text
    assert "httpx: " in text
    assert CANARY not in text


def test_a_bug_where_nothing_can_be_written_is_printed(shell: Shell, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = run(shell, "raise RuntimeError('odd')", XDG_CACHE_HOME=str(blocked))
    assert done.returncode == 3
    assert "Traceback" in done.stderr


def test_an_interruption_is_130_and_a_termination_143(shell: Shell) -> None:
    send = "import os, signal\nos.kill(os.getpid(), signal.{})\nimport time\ntime.sleep(5)"
    assert run(shell, send.format("SIGINT")).returncode == 130
    assert run(shell, send.format("SIGTERM")).returncode == 143


def test_finally_blocks_run_on_termination(shell: Shell) -> None:
    code = (
        "import os, signal, time\ntry:\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(5)\n"
        "finally:\n    print('tidy')"
    )
    assert run(shell, code).stdout == "tidy\n"


def test_a_reader_that_leaves_is_no_bug(shell: Shell) -> None:
    command = " ".join(shell.command("explain", "TOK"))
    script = f"{command} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=shell.folder, env=shell.environment({}), capture_output=True
    )
    assert done.stderr == b""
    assert done.returncode in (0, 128 + signal.SIGPIPE)  # 0 when all was written before it left


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "cp1252", "utf-8"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_console_that_cannot_encode_gets_plain_characters(
    shell: Shell, encoding: str, lang: str
) -> None:
    shell.env("USE_MODELSCOPE=maybe", f"HF_TOKEN=hf_{'k' * 34}")
    for arguments in (("doctor", "--offline", "-v"), ("env", "-v"), ("explain", "TOK303"), ("x",)):
        done = shell.qtune(*arguments, PYTHONIOENCODING=encoding, QTUNE_LANG=lang)
        assert done.returncode in (0, 1, 2)
        assert "Traceback" not in done.stderr
        assert "k" * 10 not in done.stdout + done.stderr
    if encoding == "gbk" and lang == "zh":
        assert "没有这个命令" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_without_chinese_gets_english(shell: Shell, encoding: str) -> None:
    for arguments in (("doctor", "--offline"), ("env",), ("--help",), ("explain", "NOPE")):
        done = shell.qtune(*arguments, PYTHONIOENCODING=encoding, QTUNE_LANG="zh")
        assert "??" not in done.stdout + done.stderr
    assert "没有" in shell.qtune("explain", "NOPE", QTUNE_LANG="zh").stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    "command", ["--help", "env", "explain TOK303", "doctor --offline", "doctor --list"]
)
def test_an_answer_that_finds_no_room_is_no_bug(shell: Shell, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            shell.command(*command.split()),
            cwd=shell.folder,
            env=shell.environment({}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2  # 1 would mean findings
    assert "error[DWN007]: nothing more can be written: No space left" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no sh")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_change_no_exit_code(shell: Shell, closed: str) -> None:
    for command, expected in (("env", 0), ("doctor --offline", 0), ("nonsense", 2)):
        script = f"exec {sys.executable} -m qtune {command} {closed}"
        done = subprocess.run(
            ["sh", "-c", script], cwd=shell.folder, env=shell.environment({}), capture_output=True
        )
        assert done.returncode == expected, (command, done.stderr)
        assert b"Traceback" not in done.stderr


def test_glyphs_are_ascii_where_they_must_be(shell: Shell) -> None:
    shell.env("USE_MODELSCOPE=maybe")
    done = shell.qtune("doctor", "--offline", "--only", "ENV805", PYTHONIOENCODING="ascii")
    assert done.stdout.isascii()
    assert "x ENV805" in done.stdout
    assert "?" not in done.stdout.partition("ENV805")[2].splitlines()[0]


def test_colours_only_where_wanted(shell: Shell) -> None:
    plain = shell.qtune("doctor", "--offline")
    forced = shell.qtune("doctor", "--offline", FORCE_COLOR="1", TERM="xterm-256color")
    refused = shell.qtune("doctor", "--offline", FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b" not in plain.stdout + plain.stderr
    assert "\x1b[" in forced.stdout
    assert "\x1b" not in refused.stdout + refused.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a full device")
def test_a_full_disk_behind_stdout_is_told(shell: Shell) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            shell.command("env"),
            cwd=shell.folder,
            env=shell.environment({}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode not in (0, 1)
    assert "No space left" in done.stderr
