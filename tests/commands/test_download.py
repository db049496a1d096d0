"""`qtune download`: a path on stdout and nothing else, progress on stderr."""

from __future__ import annotations

from pathlib import Path

from tests.commands.conftest import QWEN, Shell
from tests.hub import Fault, Hub, worlds


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
