"""The last report comes back as it was saved, and nothing comes back that anybody else could have written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import AccessState
from qtune.core.locations import user_cache
from qtune.core.secret import Secret
from qtune.core.text import Text
from qtune.doctor import lastreports, privatefiles
from qtune.doctor.examine import Options, rejudge
from qtune.doctor.facts import Goal, Known, Suppression
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.lastreports import report, save, whole
from qtune.doctor.outcome import Report
from qtune.doctor.suppression.settle import Ignored
from tests.doctor.build import healthy, refused

EVERY = Fix(
    Text("mend", "修"),
    Applicability.SAFE,
    EnvPatch({"QTUNE_DEVICE": "cpu"}, frozenset({"HF_ENDPOINT"})),
    (Edit(Span("/p/.env", 1, 1, 1, 2), "x"),),
    "a command",
    "https://example.org",
    ("/p/.env", 0o600),
    ("/p/.gitignore", ".env"),
    "/p/.env",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def made(model: str = "Qwen/Qwen3-4B", at: str = "2026-11-23T10:00:00+08:00") -> Report:
    """A report with at least one of everything that one can hold."""
    facts = healthy(
        goal=Goal("train", model),
        gate={"modelscope": Known(refused(AccessState.GATED_NO_TOKEN, 401, sent_token=False))},
    )
    odd = Finding(
        "CFG007", Severity.WARNING, Text("half \ud800", "一半 \ud800"), (Text("a", "b"),), None,
        Span("/p/sft.yaml", 3, 9, 3, 12), EVERY, "https://example.org", "huggingface",
    )  # fmt: skip
    told = rejudge(facts, Options(skip=("NET113",)))
    by = Suppression("line", ("ENV801",), "why", "/p/.env", 4, 1, 9, 3, 4)
    return replace(
        told,
        findings=(*told.findings, odd),
        ignored=(Ignored(odd, by),),
        patch=EnvPatch({"USE_MODELSCOPE": "False"}),
        started=at,
    )


def test_what_was_saved_comes_back_the_same(root: Path) -> None:
    saved = made()
    path = save(saved, root)
    assert path is not None and path.parent == user_cache() / "reports"
    found = report(root, "Qwen/Qwen3-4B")
    assert found is not None
    assert (found.facts, found.findings) == (saved.facts, saved.findings)
    assert len(found.findings) > 1
    assert found.taken == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert found.taken.utcoffset() == timedelta(hours=8)
    assert found.root == root
    assert whole(root) == saved


def test_the_last_of_each_model_and_the_newest_of_all(root: Path) -> None:
    first = save(made("a/b"), root)
    assert first is not None
    os.utime(first, (1, 1))
    save(made("c/d"), root)
    save(replace(made("c/d"), findings=()), root)
    assert (found := report(root, "a/b")) is not None and found.facts.goal.model == "a/b"
    assert (found := report(root, "c/d")) is not None and found.findings == ()
    assert (found := report(root)) is not None and found.facts.goal.model == "c/d"
    assert report(root, "e/f") is None


def test_another_project_has_reports_of_its_own(root: Path) -> None:
    save(made(), root)
    assert report(root.parent) is None
    assert report(root / ".") is not None
    link = root.parent / "link"
    link.symlink_to(root)
    assert report(link) is not None


def test_only_the_user_can_read_it(root: Path) -> None:
    path = save(made(), root)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_secret_that_was_met_is_not_kept(root: Path) -> None:
    told = made()
    secret = Secret("correct-horse-battery")
    told = replace(told, findings=(replace(told.findings[0], url=f"?x={secret.reveal()}"),))
    path = save(told, root)
    assert path is not None and secret.reveal() not in path.read_text()
    assert report(root) is not None


def test_a_secret_that_spells_one_of_our_words_leaves_the_report_readable(root: Path) -> None:
    Secret("warning")
    save(made(), root)
    found = report(root)
    assert found is not None and found.findings[-1].severity is Severity.WARNING


def test_it_is_a_facts_file_too(root: Path) -> None:
    from qtune.doctor import codec

    path = save(made(), root)
    assert path is not None
    assert codec.load(path.read_text()) == made().facts


# --- what is no report ----------------------------------------------------------------------------


def _key(*keys: str, value: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        document = json.loads(path.read_text())
        row = document
        for key in keys[:-1]:
            row = row[key]
        row[keys[-1]] = value
        path.write_text(json.dumps(document))

    return change


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text(path.read_text()[:-5]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff\xfe\x00"),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text('["facts"]'),
        lambda path: path.write_text(path.read_text() + " " * lastreports.LARGEST),
        lambda path: path.chmod(0o666),
        lambda path: path.rename(path.with_name("moved")) and path.symlink_to(path.with_name("moved")),
        _pipe,
        _folder,
        lambda path: path.parent.chmod(0o777),
        _key("schema", value=0),
        _key("report", "schema", value=lastreports.SCHEMA + 1),
        _key("report", "root", value="/elsewhere"),
        _key("report", "root", value="\0"),
        _key("report", "model", value="c/d"),
        _key("report", "started", value="2026-11-23T10:00:00"),
        _key("report", "started", value="yesterday"),
        _key("report", "started", value=7),
        _key("report", "findings", value=[{}]),
        _key("report", "findings", value=3),
        _key("facts", "goal", "kind", value="fun"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_as_it_was_written_is_no_report(
    root: Path, spoil: Callable[[Path], object]
) -> None:
    path = save(made(), root)
    assert path is not None and report(root) is not None
    spoil(path)
    assert report(root) is None
    assert report(root, "Qwen/Qwen3-4B") is None
    assert whole(root) is None


def test_a_good_report_counts_where_a_newer_one_is_damaged(root: Path) -> None:
    save(made("a/b"), root)
    newer = save(made("c/d"), root)
    assert newer is not None
    newer.write_text("{")
    assert (found := report(root)) is not None and found.facts.goal.model == "a/b"


def test_a_report_of_somebody_else_is_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(made(), root)
    assert report(root) is not None
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    assert report(root) is None
    assert save(made("c/d"), root) is None


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME"])
def test_a_cache_inside_the_project_is_neither_written_nor_believed(
    root: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    planted = save(made(), root)
    assert planted is not None
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv(variable, str(root / "cache"))
    folder = user_cache() / "reports"
    assert folder.is_relative_to(root)
    folder.mkdir(mode=0o700, parents=True)
    (folder / planted.name).write_bytes(planted.read_bytes())
    (folder / planted.name).chmod(0o600)
    assert report(root) is None
    assert whole(root) is None
    assert save(made("c/d"), root) is None
    assert len(list(folder.iterdir())) == 1
    assert report(root, folder=planted.parent) is not None


def test_the_whole_repository_around_the_project_is_the_workspace(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    part = root / "part"
    part.mkdir()
    assert save(made(), part) is not None
    (root / ".git").mkdir()
    assert report(part) is None
    assert save(made(), part) is None


def test_a_link_into_the_project_leads_into_the_project(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "cache").mkdir()
    link = root.parent / "cache"
    link.symlink_to(root / "cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(link))
    assert save(made(), root) is None


def test_who_works_in_the_home_folder_itself_has_reports(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert save(made(), home) is None  # any folder may call itself HOME
    monkeypatch.setattr(privatefiles, "_home", lambda: home.resolve())
    assert save(made(), home) is not None
    assert report(home) is not None
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "clone/.cache"))
    assert save(made(), home) is None


# --- how many, how fast ---------------------------------------------------------------------------


def test_the_oldest_go_and_so_does_what_a_kill_left(root: Path) -> None:
    folder = user_cache() / "reports"
    folder.mkdir(parents=True, mode=0o700)
    (folder / ".left.tmp").touch()
    (folder / ".now.tmp").touch()
    os.utime(folder / ".left.tmp", (1, 1))
    for number in range(lastreports.KEPT + 3):
        path = save(made(f"o/{number}"), root)
        assert path is not None
        os.utime(path, (1000 + number, 1000 + number))
    kept = {path.name for path in folder.iterdir()}
    assert len(kept) == lastreports.KEPT + 1
    assert report(root, "o/0") is None and report(root, f"o/{lastreports.KEPT + 2}") is not None
    assert ".left.tmp" not in kept and ".now.tmp" in kept


def test_a_file_that_did_not_change_is_not_read_again(root: Path) -> None:
    path = save(made(), root)
    first = report(root)
    assert first is not None and report(root, "Qwen/Qwen3-4B") is first
    began = time.perf_counter()
    for _ in range(100):
        assert report(root) is first
    assert time.perf_counter() - began < 0.5
    save(replace(made(), findings=()), root)
    again = report(root)
    assert again is not None and again.findings == ()
    assert path is not None
    path.unlink()
    assert report(root) is None


@pytest.mark.parametrize("place", ["/dev/null/reports", "/proc/self/reports"])
def test_nothing_is_said_where_nothing_can_be_written(root: Path, place: str) -> None:
    assert save(made(), root, Path(place)) is None
    assert report(root, folder=Path(place)) is None


def test_a_reader_imports_nothing_heavy(root: Path) -> None:
    save(made(), root)
    code = (
        "import sys; from pathlib import Path; from qtune.doctor.lastreports import report\n"
        f"assert report(Path({str(root)!r})) is not None\n"
        "print(sorted({'httpx', 'rich', 'click', 'yaml', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"
