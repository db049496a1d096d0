"""Who watches a download, in a real process: a log, a program, nobody; and how ^C leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qtune.commands.transfer import _wrapped

ROOT = Path(__file__).parents[2]
# A command line as `qtune download` has it, with a tape in the place of a download.
CODE = """
import sys, time
from qtune import boundary
from qtune.commands import transferjson
from qtune.commands.transfer import watching
from qtune.core.errors import DownloadError
from qtune.core.text import Text
from tests.commands.tape import finished, done, status

how, form, *more = sys.argv[1:]
sys.argv = ["qtune", "download", "o/n", "--include", "*.json", *more]

def work():
    try:
        with watching("--quiet" in more, form) as tell:
            tell(status())
            tell(done("a.json"))
            if how == "fail":
                raise DownloadError("DWN009", Text("cut short", "中断"))
            if how == "wait":
                print("{}", flush=True)
                time.sleep(60)
            tell(finished(files=1))
    except BaseException as error:
        if form == "json":
            transferjson.tell_failure(error, boundary.exit_code_of(error))
        raise
    return 0

sys.exit(boundary.run(work))
"""


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def ended(*arguments: str) -> tuple[int, str, str]:
    child = started(*arguments)
    out, err = child.communicate(timeout=60)
    return child.returncode, out, err


def test_a_log_ends_with_the_summary_on_stderr() -> None:
    code, out, err = ended("well", "text")
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        "1 file, 2.9 GB in 83 s, every file verified against Hugging Face's listing",
        "1.9 GB from Hugging Face (23.8 MB/s), 600.0 MB from ModelScope (10.0 MB/s), "
        "400.0 MB were here already",
    ]


def test_quiet_says_nothing_and_a_failure_is_told_all_the_same() -> None:
    assert ended("well", "text", "--quiet") == (0, "", "")
    code, out, err = ended("fail", "text", "--quiet")
    assert (code, out) == (1, "")
    assert err.startswith("error[DWN009]: cut short")


def test_a_program_gets_lines_of_json_and_nothing_else() -> None:
    code, out, err = ended("well", "json")
    assert (code, err) == (0, "")
    assert [json.loads(line)["event"] for line in out.splitlines()] == [
        "status", "file", "finished",
    ]  # fmt: skip


def test_for_a_program_a_failure_is_the_last_line_with_the_same_exit_code() -> None:
    code, out, err = ended("fail", "json")
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["code"], last["exit"]) == ("error", "DWN009", code)
    assert code == 1
    assert "error[DWN009]: cut short" in err


@pytest.mark.skipif(sys.platform == "win32", reason="a console event, not a signal")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("form", ["text", "json"])
def test_whoever_stops_it_is_told_how_to_go_on(number: int, code: int, form: str) -> None:
    child = started("wait", form)
    assert child.stdout is not None
    while child.stdout.readline() != "{}\n":
        assert child.poll() is None
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == code
    command = "qtune download o/n --include '*.json'"
    told = f"Stopped; everything fetched is kept. Go on with: {command}"
    assert err.splitlines() == [told]
    if form == "json":
        last = json.loads(out.splitlines()[-1])
        assert (last["event"], last["message"], last["exit"]) == ("error", told, code)
    else:
        assert out == ""


def test_for_a_log_nothing_that_draws_is_imported() -> None:
    code = (
        "import sys\nfrom qtune.commands.transfer import watching\nfrom tests.commands.tape import finished\n"
        "with watching() as tell:\n    tell(finished())\nprint('rich' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
    assert "12 files" in done.stderr


def test_the_summary_breaks_between_its_parts() -> None:
    line = "10 files, 1.9 GB from Hugging Face (23.8 MB/s), 600.0 MB from ModelScope (10.0 MB/s)"
    for width in range(10, 100):
        parts = _wrapped(line, width).split("\n  ")
        assert " ".join(parts) == line
        assert width < 40 or not any(part.endswith(("600.0", "(10.0")) for part in parts)
    assert _wrapped("来自甲 1.0 MB，来自乙 37.6 MB（1.0 MB/s），本机已有 8 MB", 44) == (
        "来自甲 1.0 MB，\n  来自乙 37.6 MB（1.0 MB/s），本机已有 8 MB"
    )
