"""`qtune doctor` keeps its last whole report where the editor finds it, and says nothing of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from qtune.core.locations import user_cache
from qtune.doctor.lastreports import report
from tests.commands.conftest import QWEN, Shell
from tests.commands.test_doctor import QUICK, codes, document


def kept() -> list[Path]:
    folder = user_cache() / "reports"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_whole_examination_is_kept_with_what_it_told(online: Shell) -> None:
    online.env("USE_MODELSCOP=True", "HF_TOKEN=hf_your_token_here")
    done = online.qtune("doctor", *QUICK, "--format", "json")
    last = report(online.folder, QWEN)
    assert last is not None and report(online.folder) is last
    assert [finding.code for finding in last.findings] == codes(done) != []
    told = [finding["message"] for finding in document(done)["findings"]]
    assert [finding.message.en for finding in last.findings] == told
    assert "modelscope" in last.facts.reach
    assert done.stderr == ""


def test_the_state_after_a_fix_is_the_one_that_is_kept(online: Shell) -> None:
    online.env("USE_MODELSCOP=True")
    done = online.qtune("doctor", *QUICK, "--fix", "--yes")
    assert "gone: ENV804" in done.stderr
    last = report(online.folder)
    assert last is not None and "ENV804" not in {finding.code for finding in last.findings}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--only", "env"),
        ("--skip", "TOK303"),
        ("--offline",),
        ("--profile", "quick"),
        ("--profile", "ci"),
        ("--list",),
    ],
)
def test_a_part_of_the_examination_replaces_no_whole_one(
    online: Shell, arguments: tuple[str, ...]
) -> None:
    assert online.qtune("doctor", *QUICK, *arguments).returncode == 0
    assert kept() == []


def test_facts_from_elsewhere_say_nothing_about_this_machine(online: Shell) -> None:
    assert online.qtune("doctor", *QUICK, "--save", "facts.json").returncode == 0
    (path,) = kept()
    path.unlink()
    assert online.qtune("doctor", "--facts", "facts.json").returncode == 0
    assert kept() == []


def test_what_the_user_keeps_out_in_pyproject_is_still_the_whole(online: Shell) -> None:
    (online.folder / "pyproject.toml").write_text('[tool.qtune.doctor]\nskip = ["NET113"]\n')
    online.qtune("doctor", *QUICK)
    assert len(kept()) == 1


def test_an_answer_that_nobody_reads_to_its_end_is_kept_all_the_same(online: Shell) -> None:
    child = online.start("doctor", *QUICK, "--format", "json")
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    assert child.wait(60) == 141
    child.stderr.close()
    assert len(kept()) == 1


def test_no_place_for_it_changes_nothing(online: Shell, tmp_path: Path) -> None:
    before = online.qtune("doctor", *QUICK, "--format", "json")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/qtune").touch()
    for place in (tmp_path / "cache", online.folder / ".cache"):
        done = online.qtune("doctor", *QUICK, "--format", "json", XDG_CACHE_HOME=str(place))
        assert (done.returncode, done.stderr) == (before.returncode, "")
        assert codes(done) == codes(before)
    assert not (online.folder / ".cache/qtune").exists()


def test_what_is_kept_holds_no_token(online: Shell) -> None:
    from tests.hub.worlds import GOOD

    online.env(f"HF_TOKEN={GOOD}", f"OTHER_SECRET={'s' * 9}{os.getpid()}")
    online.qtune("doctor", *QUICK)
    (path,) = kept()
    text = path.read_text()
    assert GOOD not in text and f"{'s' * 9}{os.getpid()}" not in text
    assert json.loads(text)["report"]["root"] == str(online.folder)
