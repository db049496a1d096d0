"""`qtune download`: a path on stdout and nothing else, progress on stderr."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.commands.conftest import QWEN, Shell
from tests.hub import Fault, Hub, worlds

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/download-events.schema.json").read_text("utf-8")
)


def events(text: str) -> list[dict[str, Any]]:
    """The lines of `--format json`, each as the published schema has it."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        jsonschema.validate(line, SCHEMA, jsonschema.Draft202012Validator)
    return lines


def names(lines: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in lines]


def test_prints_the_snapshots_path_alone(online: Shell, hub: Hub, home: Path) -> None:
    done = online.qtune("download", QWEN)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    snapshot = Path(line)
    assert snapshot.is_relative_to(home / ".cache/huggingface/hub")
    assert (snapshot / "config.json").is_file()
    assert "verified" in done.stderr
    assert "\x1b" not in done.stderr
    offline = online.qtune("download", QWEN, "--offline", "-q")
    assert offline.stdout == done.stdout
    assert offline.stderr == ""


def test_the_default_model_is_that_of_the_settings(online: Shell, home: Path) -> None:
    online.env(f"DEFAULT_MODEL={worlds.SMALL}")
    done = online.qtune("download", "--quiet")
    assert "models--qtune-tests--tiny-model" in done.stdout
    assert done.stderr == ""


def test_patterns_and_a_folder_of_ones_own(online: Shell) -> None:
    done = online.qtune(
        "download", QWEN, "--local-dir", "here", "--include", "*.json", "--exclude", "vocab*"
    )
    assert done.returncode == 0, done.stderr
    names = {p.name for p in (online.folder / "here").iterdir() if p.is_file()}
    assert "config.json" in names
    assert not {"vocab.json", "README.md"} & names


def test_a_refusal_is_exit_1_with_its_code(online: Shell) -> None:
    done = online.qtune("download", worlds.LLAMA, USE_MODELSCOPE="False", QTUNE_FALLBACK="False")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].strip() == "More: qtune explain GATE401"


def test_offline_without_the_files_is_an_error_that_sends_nothing(online: Shell, hub: Hub) -> None:
    done = online.qtune("download", QWEN, "--offline")
    assert done.returncode == 1
    assert "(the option --offline)" in done.stderr
    assert hub.requests == []


def test_a_name_that_is_none_is_a_usage_error(online: Shell, hub: Hub) -> None:
    for name in ("../../etc", "a/b/c", "no spaces here", "a/..", "-x/y"):
        done = online.qtune("download", "--", name)
        assert done.returncode == 2, name
        assert hub.requests == []


def test_no_token_in_what_a_failing_download_says(online: Shell, hub: Hub) -> None:
    online.env(f"HF_TOKEN={worlds.GOOD}", "USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
    hub.fault(Fault("status", "cdn", status=403))
    done = online.qtune("download", QWEN)
    assert done.returncode == 1
    assert worlds.GOOD not in done.stdout + done.stderr


# --- what is seen of it -----------------------------------------------------------------------------------


def test_the_summary_says_what_came_from_where(online: Shell) -> None:
    first = online.qtune("download", QWEN, USE_MODELSCOPE="False")
    whole, came = first.stderr.splitlines()
    assert whole.endswith(", every file verified against Hugging Face's listing")
    assert " from Hugging Face (" in came
    again = online.qtune("download", QWEN, USE_MODELSCOPE="False")
    (told,) = again.stderr.splitlines()
    assert told.endswith(", all here already, nothing was fetched")


def test_a_program_is_told_what_happens_and_where_it_lies(online: Shell) -> None:
    done = online.qtune("download", QWEN, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    lines = events(done.stdout)
    assert names(lines)[0] == "planned"
    assert names(lines)[-1] == "finished"
    assert "error" not in names(lines)
    path = online.qtune("download", QWEN, "-q").stdout.strip()
    assert lines[-1]["path"] == path
    files = {line["path"] for line in lines if line["event"] == "file"}
    assert files == {p.name for p in Path(path).iterdir()}
    assert lines[-1]["received"] + lines[-1]["reused"] == lines[0]["total"]


def test_a_program_is_told_of_a_failure_with_the_same_exit_code(online: Shell) -> None:
    online.env(f"HF_TOKEN={worlds.GOOD}")
    for arguments, code, exit_code in (
        ((worlds.DISABLED,), "GATE400", 1),
        (("a/b/c",), "HUB224", 2),
        (("--nonsense",), "CFG092", 2),
        ((QWEN, "--offline"), "DWN", 1),
    ):
        done = online.qtune("download", *arguments, "--format=json")
        assert done.returncode == exit_code, done.stderr
        last = events(done.stdout)[-1]
        assert (last["event"], last["exit"]) == ("error", exit_code)
        assert last["code"].startswith(code)
        assert last["code"] in done.stderr or code == "CFG092"
        assert worlds.GOOD not in done.stdout


def test_a_setting_that_cannot_be_used_is_told_to_a_program_too(online: Shell, hub: Hub) -> None:
    done = online.qtune("download", "--format", "json", QTUNE_CONNECTIONS="many")
    assert done.returncode == 2
    (last,) = events(done.stdout)
    assert (last["event"], last["exit"]) == ("error", 2)
    assert "QTUNE_CONNECTIONS" in last["message"]
    assert hub.requests == []


@pytest.mark.skipif(sys.platform == "win32", reason="a console event, not a signal")
def test_stopped_in_the_middle_it_says_how_to_go_on_and_does(online: Shell, hub: Hub) -> None:
    slow = hub.fault(Fault("slow", "*cdn", bytes_per_second=20_000))
    child = online.start("download", QWEN, "--format", "json")
    assert child.stdout is not None and child.stderr is not None
    lines: list[bytes] = []
    while not (lines and b'"status"' in lines[-1] and json.loads(lines[-1])["done"] > 50_000):
        lines.append(child.stdout.readline())
        assert lines[-1]
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 130
    last = events(b"".join([*lines, out]).decode())[-1]
    assert (last["event"], last["code"], last["exit"]) == ("error", None, 130)
    command = f"qtune download {QWEN} --format json"
    assert err.decode().splitlines() == [
        f"Stopped; everything fetched is kept. Go on with: {command}"
    ]
    hub.lift(slow)
    finished = events(online.qtune(*command.split()[1:]).stdout)[-1]
    assert finished["event"] == "finished"
    assert finished["received"] < finished["total"]


def test_a_reader_that_goes_away_does_not_stop_the_download(online: Shell, home: Path) -> None:
    child = online.start("download", QWEN, "--format", "json")
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    child.stdout = None
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (141, b"")
    assert events(online.qtune("download", QWEN, "--format", "json").stdout)[-1]["received"] == 0


def test_offline_a_program_is_told_where_it_lies(online: Shell) -> None:
    path = online.qtune("download", QWEN, "-q").stdout.strip()
    done = online.qtune("download", QWEN, "--offline", "--format", "json")
    (last,) = events(done.stdout)
    assert (last["event"], last["path"], last["received"]) == ("finished", path, 0)
