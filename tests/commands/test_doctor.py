"""`qtune doctor` in a real process, against the local hub where the network matters."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.commands.conftest import QWEN, Shell
from tests.commands.terminal import begin, rest
from tests.hub import Fault, Hub, worlds

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/report.schema.json").read_text("utf-8"))
QUICK = ("--for", "download", "--no-speed")


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one document on stdout, which the published schema allows and which knows its exit code."""
    whole: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(whole, SCHEMA)
    assert whole["exit"] == done.returncode
    return whole


def codes(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [finding["code"] for finding in document(done)["findings"]]


# --- exit codes -----------------------------------------------------------------------------------


def test_0_when_nothing_stands_in_the_way(online: Shell) -> None:
    done = online.qtune("doctor", *QUICK)
    assert done.returncode == 0
    assert "No problems found" in done.stdout
    assert f"Next: qtune download {QWEN}" in done.stdout
    assert done.stderr == ""


@pytest.mark.triggers("GATE401")
def test_1_when_the_goal_will_fail(online: Shell) -> None:
    done = online.qtune("doctor", worlds.LLAMA, *QUICK, "--format", "json", USE_MODELSCOPE="False")
    assert done.returncode == 1
    assert codes(done)[0] == "GATE401"


def test_warnings_count_when_asked_for(shell: Shell) -> None:
    shell.env("USE_MODELSCOPE=True", "USE_MODELSCOP=True")
    for threshold, code in (("error", 0), ("warning", 1), ("never", 0)):
        done = shell.qtune("doctor", "--only", "env", "--offline", "--fail-on", threshold)
        assert done.returncode == code, done.stdout


def test_never_fails_not_even_for_errors(online: Shell) -> None:
    done = online.qtune(
        "doctor", worlds.LLAMA, *QUICK, "--fail-on", "never", "--format", "json", USE_MODELSCOPE="0"
    )
    assert done.returncode == 0
    assert codes(done)[0] == "GATE401"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--only", "NOPE999"),
        ("--skip", "NOPE999"),
        ("--for", "fun"),
        ("--timeout", "0"),
        ("--timeout", "nan"),
        ("--fix", "--diff"),
        ("--fix", "--facts", "f.json"),
        ("--unsafe-fixes",),
        ("--facts", "missing.json"),
        ("--save", "no/such/folder/f.json"),
        ("--nonsense",),
        ("a b",),
        ("./no-such-folder",),
    ],
)
def test_2_for_a_command_that_makes_no_sense(shell: Shell, arguments: tuple[str, ...]) -> None:
    text = shell.qtune("doctor", *arguments)
    assert text.returncode == 2
    assert text.stderr.startswith("error")
    assert text.stdout == ""
    as_json = shell.qtune("doctor", *arguments, "--format", "json")
    assert as_json.returncode == 2
    assert [f["severity"] for f in document(as_json)["findings"]] == ["error"]


def test_4_when_strict_and_a_check_could_not_be_made(shell: Shell) -> None:
    assert shell.qtune("doctor", "--offline", "--only", "net").returncode == 0
    assert shell.qtune("doctor", "--offline", "--only", "net", "--strict").returncode == 4


def test_130_at_once_while_a_hub_is_silent(online: Shell, hub: Hub) -> None:
    hub.fault(Fault("silent", "*"))
    child = online.start("doctor", "--format", "json", *QUICK)
    deadline = time.monotonic() + 20
    while not hub.requests and time.monotonic() < deadline:
        time.sleep(0.05)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert time.monotonic() - began < 3
    assert json.loads(out)["exit"] == 130
    assert b"interrupted" in err


def test_143_when_terminated(online: Shell, hub: Hub) -> None:
    hub.fault(Fault("silent", "*"))
    child = online.start("doctor", *QUICK)
    deadline = time.monotonic() + 20
    while not hub.requests and time.monotonic() < deadline:
        time.sleep(0.05)
    child.terminate()
    out, _ = child.communicate(timeout=20)
    assert (child.returncode, out) == (143, b"")


# --- what is looked at ----------------------------------------------------------------------------


def test_offline_sends_nothing_and_says_so(online: Shell, hub: Hub) -> None:
    done = online.qtune("doctor", "--offline")
    assert re.search(r"left out \(--offline\): [^–]*reach", done.stdout)
    assert "in what was checked" in done.stdout
    assert hub.requests == []


def test_hf_hub_offline_means_the_same_and_is_named(online: Shell, hub: Hub) -> None:
    online.env("HF_HUB_OFFLINE=1")
    done = online.qtune("doctor", "--for", "download")
    assert "left out (HF_HUB_OFFLINE, .env line 1)" in " ".join(done.stdout.split())
    assert hub.requests == []


def test_no_speed_leaves_the_large_files_alone(online: Shell, hub: Hub) -> None:
    online.qtune("doctor", *QUICK)
    reads = [r for r in hub.requests if r.method == "GET" and "safetensors" in r.path]
    assert all("index" in r.path for r in reads)


def test_the_hubs_are_compared_by_measured_speed(online: Shell, hub: Hub) -> None:
    hub.fault(Fault("slow", "cdn", bytes_per_second=60_000))
    done = online.qtune("doctor", "--for", "download", USE_MODELSCOPE="False")
    assert "1 connection" in done.stdout
    assert "whole model" in done.stdout
    assert "ModelScope" in done.stdout


def test_only_looks_only_at_what_it_needs(online: Shell, hub: Hub) -> None:
    done = online.qtune("doctor", "--only", "ENV805,ENV800", "--format", "json")
    assert [check["check"] for check in document(done)["checks"]] == ["envfile"]
    assert hub.requests == []


def test_skip_leaves_a_code_out_and_counts_it(shell: Shell) -> None:
    shell.env("QTUNE_FALLBACK=perhaps")
    assert "ENV805" in codes(shell.qtune("doctor", "--offline", "--format", "json"))
    done = shell.qtune("doctor", "--offline", "--format", "json", "--skip", "env805")
    assert "ENV805" not in codes(done)
    assert [(row["code"], row["by"]) for row in document(done)["suppressed"]] == [
        ("ENV805", "skip")
    ]


def test_list_names_checks_and_rules(shell: Shell) -> None:
    text = shell.qtune("doctor", "--list").stdout
    assert "  reach " in text
    assert "TOK303   token-not-accepted" in text
    rows = json.loads(shell.qtune("doctor", "--list", "--format", "json").stdout)
    assert {"code", "name", "severity", "network", "title"} == set(rows["rules"][0])
    only = shell.qtune("doctor", "--list", "--only", "TOK303").stdout
    assert "TOK303" in only and "NET101" not in only


def test_the_default_model_of_env_is_the_goal(shell: Shell) -> None:
    shell.env(f"DEFAULT_MODEL={worlds.SMALL}")
    done = shell.qtune("doctor", "--offline", "--format", "json")
    assert document(done)["goal"]["model"] == worlds.SMALL


def test_a_models_page_is_as_good_as_its_name(shell: Shell) -> None:
    for page in (
        "https://huggingface.co/Qwen/Qwen3-4B/tree/main",
        "https://modelscope.cn/models/Qwen/Qwen3-4B",
    ):
        done = shell.qtune("doctor", page, "--offline", "--only", "env", "--format", "json")
        assert document(done)["goal"]["model"] == QWEN


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("'Qwen/Qwen3-4B'", "Write Qwen/Qwen3-4B."),
        ("Qwen/Qwen3-4B/", "Write Qwen/Qwen3-4B."),
        ("--help", "'--help' is not a repository id"),
        ("./nothing", "there is no folder ./nothing"),
        (".", "the folder . holds no model"),
    ],
)
def test_a_model_that_is_none_is_told_before_anything_is_looked_at(
    shell: Shell, model: str, said: str
) -> None:
    done = shell.qtune("doctor", "--", model)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.triggers("HUB221")
def test_a_name_without_its_owner_is_a_finding(online: Shell) -> None:
    done = online.qtune("doctor", "Qwen3-4B", *QUICK, "--format", "json")
    assert done.returncode == 1
    assert codes(done)[0] == "HUB221"
    assert document(done)["findings"][0]["fix"]["command"] == "qtune doctor Qwen/Qwen3-4B"


def test_a_local_model_needs_no_network(online: Shell, hub: Hub) -> None:
    folder = online.folder / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    done = online.qtune("doctor", "./model", "--format", "json")
    assert document(done)["goal"]["local"] is True
    assert hub.requests == []


def test_a_run_config_gives_model_and_output(shell: Shell) -> None:
    (shell.folder / "data.jsonl").write_text('{"messages": []}\n')
    (shell.folder / "run.yaml").write_text(
        f"model: {worlds.SMALL}\ndata: data.jsonl\noutput_dir: out\n"
    )
    goal = document(shell.qtune("doctor", "run.yaml", "--offline", "--format", "json"))["goal"]
    assert goal["model"] == worlds.SMALL
    assert goal["output_dir"].endswith("out")
    assert goal["run_config"] == "run.yaml"


@pytest.mark.triggers("CFG005", "CFG007")
def test_a_run_config_that_is_wrong_is_exit_1_with_every_line(shell: Shell) -> None:
    (shell.folder / "run.yaml").write_text(f"model: {worlds.SMALL}\nlorra: 1\ntuning: magic\n")
    done = shell.qtune("doctor", "run.yaml", "--offline", "--format", "json")
    assert done.returncode == 1
    found = {(f["code"], f["span"]["line"]) for f in document(done)["findings"] if f["span"]}
    assert ("CFG005", 2) in found
    assert ("CFG007", 3) in found
    assert document(done)["goal"]["model"] == worlds.SMALL
    text = shell.qtune("doctor", "run.yaml", "--offline").stdout
    assert "run.yaml:2:1" in text
    assert "✗ config" in text


@pytest.mark.triggers("CFG001")
def test_a_missing_run_config_is_a_finding_too(shell: Shell) -> None:
    done = shell.qtune("doctor", "none.yaml", "--offline", "--format", "json")
    assert (done.returncode, codes(done)[0]) == (1, "CFG001")


# --- what cannot be used --------------------------------------------------------------------------


@pytest.mark.triggers("NET110", "ENV805", "HUB203")
@pytest.mark.parametrize(
    "line, code",
    [
        ("SSL_CERT_FILE=/no/such/file.pem", "NET110"),
        ("QTUNE_SOURCES=modelscope,nonsense", "ENV805"),
        ("HF_ENDPOINT=huggingface.co", "HUB203"),
        ("QTUNE_CONNECTIONS=many", "ENV805"),
    ],
)
def test_a_setting_that_breaks_the_client_is_a_finding_not_a_crash(
    shell: Shell, line: str, code: str
) -> None:
    shell.env(line)
    done = shell.qtune("doctor", "--offline", "--for", "download", "--format", "json")
    assert done.returncode == 1
    assert code in codes(done)
    assert any(check["check"] == "envfile" for check in document(done)["checks"])


@pytest.mark.triggers("NET110")
@pytest.mark.spares("NET103")
def test_a_ca_file_that_is_missing_is_told_once_with_its_line_and_the_way_out(
    shell: Shell,
) -> None:
    shell.env("USE_MODELSCOPE=False", "SSL_CERT_FILE=/no/such/file.pem")
    done = shell.qtune("doctor", "--for", "download", "--format", "json")
    report = document(done)
    assert codes(done) == ["NET110"]
    (finding,) = report["findings"]
    assert (finding["span"]["line"], finding["fix"]["unset"]) == (2, ["SSL_CERT_FILE"])
    blamed = {check.get("because") for check in report["checks"] if check["state"] == "skipped"}
    assert "NET110" in blamed
    shell.qtune("doctor", "--for", "download", "--fix", "--unsafe-fixes", "--yes", "--offline")
    offline = shell.qtune("doctor", "--for", "download", "--offline", "--format", "json")
    assert codes(offline) == ["NET110"], "offline no road shows it, so nothing was written"


@pytest.mark.triggers("ENV812")
def test_an_env_that_is_a_folder_is_a_finding(shell: Shell) -> None:
    (shell.folder / ".env").mkdir()
    done = shell.qtune("doctor", "--offline", "--format", "json")
    assert done.returncode == 1
    assert "ENV812" in codes(done)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 4096, b"\xff\xfe\x00", b"=" * 200_000, b"A" * (2 << 20), b'X="never closed\n' * 50,
     "HF_TOKEN=\u202eabc\n".encode(), b"\xef\xbb\xbfUSE_MODELSCOPE=True\r\n"],
    ids=["empty", "zeros", "half utf-16", "equals", "huge", "quotes", "bidi", "bom"],
)  # fmt: skip
def test_a_hostile_env_never_crashes_and_is_never_changed_unasked(
    shell: Shell, content: bytes
) -> None:
    path = shell.folder / ".env"
    path.write_bytes(content)
    done = shell.qtune("doctor", "--offline", "--for", "download", "--format", "json")
    assert done.returncode in (0, 1)
    document(done)
    fixed = shell.qtune("doctor", "--offline", "--for", "download", "--diff")
    assert fixed.returncode in (0, 1, 2), fixed.stderr
    assert "Traceback" not in done.stderr + fixed.stderr
    assert path.read_bytes() == content


# --- fixing ---------------------------------------------------------------------------------------


def silent_hf(online: Shell, hub: Hub) -> Path:
    hub.fault(Fault("silent", "hf"))
    return online.env("# mine", "USE_MODELSCOPE=False", "OTHER_PROGRAM=keep me  # a comment")


def test_diff_shows_and_writes_nothing(online: Shell, hub: Hub) -> None:
    path = silent_hf(online, hub)
    before = path.read_bytes()
    done = online.qtune("doctor", *QUICK, "--diff")
    assert done.stdout.splitlines() == [
        "--- .env",
        "+++ .env",
        "@@ -1,3 +1,3 @@",
        " # mine",
        "-USE_MODELSCOPE=False",
        "+USE_MODELSCOPE=True",
        " OTHER_PROGRAM=…",
    ]
    assert path.read_bytes() == before


def test_fix_writes_looks_again_and_is_idempotent(online: Shell, hub: Hub) -> None:
    path = silent_hf(online, hub)
    done = online.qtune("doctor", *QUICK, "--fix")
    assert path.read_text() == "# mine\nUSE_MODELSCOPE=True\nOTHER_PROGRAM=keep me  # a comment\n"
    assert "✓ gone: HUB200" in done.stderr
    assert done.stdout.rstrip().endswith(f"Next: qtune download {QWEN}")
    assert done.returncode == 0
    assert sorted(p.name for p in online.folder.iterdir()) == [".env"]
    written = path.stat()
    again = online.qtune("doctor", *QUICK, "--fix")
    assert "nothing that --fix can mend" in again.stderr
    assert path.stat().st_mtime_ns == written.st_mtime_ns
    assert again.returncode == 0


def test_fix_makes_a_new_env_for_the_user_alone(online: Shell, hub: Hub) -> None:
    hub.fault(Fault("silent", "ms"))
    online.qtune("doctor", *QUICK, "--fix")
    path = online.folder / ".env"
    assert path.read_text() == "USE_MODELSCOPE=False\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.triggers("ENV806")
@pytest.mark.spares("ENV806")
def test_fix_changes_only_the_mode_when_only_that_is_wrong(shell: Shell) -> None:
    path = shell.env(f"HF_TOKEN=hf_{'k' * 34}", mode=0o644)
    before = path.read_bytes()
    done = shell.qtune("doctor", "--offline", "--fix", "--for", "download")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == before
    assert "gone: ENV806" in done.stderr
    assert "k" * 10 not in done.stdout + done.stderr


@pytest.mark.triggers("ENV804")
@pytest.mark.spares("ENV804")
def test_fix_mends_a_mistyped_key_in_its_place(shell: Shell) -> None:
    path = shell.env("A=1", "USE_MODELSCOP=False", "B=2")
    done = shell.qtune("doctor", "--offline", "--fix", "--for", "download")
    assert path.read_text() == "A=1\nUSE_MODELSCOPE=False\nB=2\n"
    assert "gone: ENV804" in done.stderr


def test_fix_adds_env_to_gitignore_once(shell: Shell) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=shell.folder, check=True)
    (shell.folder / ".gitignore").write_bytes(b"build/")
    shell.env(f"HF_TOKEN=hf_{'k' * 34}")
    for _ in range(2):
        shell.qtune("doctor", "--offline", "--fix", "--for", "download")
        assert (shell.folder / ".gitignore").read_text().split() == ["build/", ".env"]


def test_fix_as_json_is_one_document_about_the_state_after(online: Shell, hub: Hub) -> None:
    silent_hf(online, hub)
    done = online.qtune("doctor", *QUICK, "--fix", "--format", "json")
    assert codes(done) == []
    assert document(done)["settings"]["USE_MODELSCOPE"]["value"] == "True"
    assert "+USE_MODELSCOPE=True" in done.stderr


def test_fix_tells_what_the_environment_overrides_instead_of_writing_it(
    online: Shell, hub: Hub
) -> None:
    path = silent_hf(online, hub)
    before = path.read_bytes()
    done = online.qtune("doctor", *QUICK, "--fix", USE_MODELSCOPE="False")
    assert "unset USE_MODELSCOPE" in done.stdout
    assert path.read_bytes() == before


def test_fix_on_a_terminal_asks_first(online: Shell, hub: Hub) -> None:
    path = silent_hf(online, hub)
    before = path.read_text()
    assert "USE_MODELSCOPE=False" in at_a_terminal(online, "n\n", "doctor", *QUICK, "--fix")
    assert path.read_text() == before
    shown = at_a_terminal(online, "y\n", "doctor", *QUICK, "--fix")
    assert "Write this? [Y/n]" in shown
    assert path.read_text() != before


def at_a_terminal(shell: Shell, typed: str, *arguments: str) -> str:
    """All that a terminal shows of the command, with `typed` as its keyboard."""
    child, keyboard = begin(
        shell.command(*arguments), shell.environment({"TERM": "xterm"}), shell.folder
    )
    os.write(keyboard, typed.encode())
    return rest(child, keyboard).decode(errors="replace")


def test_a_terminal_sees_what_is_being_checked_and_then_the_report(online: Shell) -> None:
    shown = at_a_terminal(online, "", "doctor", "--for", "download")
    assert "checked" in shown
    assert "No problems found" in shown
    assert "\x1b[?25h" in shown  # the cursor is back


# --- facts ----------------------------------------------------------------------------------------


@pytest.mark.spares("CFG091")
def test_saved_facts_give_the_same_findings_elsewhere(online: Shell, hub: Hub) -> None:
    token = worlds.UNKNOWN
    path = online.env("USE_MODELSCOPE=False", f"HF_TOKEN={token}")
    first = online.qtune("doctor", worlds.LLAMA, *QUICK, "--save", "f.json", "--format", "json")
    saved = online.folder / "f.json"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert token not in saved.read_text()
    path.unlink()
    asked = len(hub.requests)
    again = online.qtune(
        "doctor", "--facts", "f.json", "--format", "json", HF_ENDPOINT="", QTUNE_LANG="zh"
    )
    assert codes(again) == codes(first)
    assert again.returncode == first.returncode == 1
    assert len(hub.requests) == asked
    text = online.qtune("doctor", "--facts", "f.json").stdout
    assert "doctor --fix" not in text.splitlines()[-1]


@pytest.mark.triggers("CFG091")
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"schema": 99, "facts": {}}', b'{"schema": 1}', b"\xff\xfe", b"[" * 100_000,
     b'{"schema": 1, "facts": {"goal": 3}}', b'{"schema": 1, "facts": {"goal": {"kind": "x"}}}'],
)  # fmt: skip
def test_what_is_no_facts_file_is_one_clear_error(shell: Shell, content: bytes) -> None:
    (shell.folder / "f.json").write_bytes(content)
    done = shell.qtune("doctor", "--facts", "f.json")
    assert done.returncode == 2
    assert done.stderr.startswith("error[CFG091]")
    assert "Traceback" not in done.stderr


# --- secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, "html", "reset"])
def test_no_secret_of_any_place_is_in_any_output(
    online: Shell, hub: Hub, home: Path, fault: str | None
) -> None:
    canaries = ["hf_" + letter * 34 for letter in "QRS"] + ["zqproxypassword1", "zqforeignvalue22"]
    canaries += ["0f0f0f0f-1111-4222-8333-444444444444", "zqshortish"]
    online.env(
        "USE_MODELSCOPE=False",
        f"HF_TOKEN={canaries[0]}",
        f"MODELSCOPE_API_TOKEN={canaries[5]}",
        f"OPENAI_API_KEY={canaries[4]}",
        f"# HF_TOKEN={canaries[1]}",
        f"MY_PASSWORD: {canaries[6]}",
        mode=0o644,
    )
    token = home / ".cache/huggingface/token"
    token.parent.mkdir(parents=True)
    token.write_text(canaries[2])
    environ = {"HTTPS_PROXY": f"http://someone:{canaries[3]}@127.0.0.1:9"}
    if fault is not None:
        hub.fault(Fault(fault, "*"))
    outputs = []
    for arguments in (
        ("-vv",), ("--format", "json"), ("--diff", "--unsafe-fixes"), ("--save", "f.json", "-v"),
        ("--fix", "--unsafe-fixes"),
    ):  # fmt: skip
        done = online.qtune("doctor", worlds.LLAMA, *QUICK, *arguments, **environ)
        assert done.returncode in (0, 1), done.stderr
        outputs += [done.stdout, done.stderr]
    outputs.append((online.folder / "f.json").read_text())
    for canary in canaries:
        assert [text for text in outputs if canary in text] == []
