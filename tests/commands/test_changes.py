"""`--fix` as changes of files: edits before the patch, masks in the diff, nothing half done."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from qtune.commands.changes import apply, planned
from qtune.core import envfile
from qtune.core.envpatch import EnvPatch
from qtune.core.errors import ConfigError
from qtune.core.text import plain
from qtune.doctor.deeds import add_line
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.outcome import Report
from qtune.doctor.report.envdiff import unified
from tests.doctor.build import healthy
from tests.doctor.report import worlds

TOKEN = "hf_" + "Uu" * 17


def finding(code: str = "ENV804", **fix: object) -> Finding:
    mend = Fix(plain("mend"), **{"applicability": Applicability.SAFE, **fix})  # type: ignore[arg-type]
    return Finding(code, Severity.WARNING, plain("wrong"), fix=mend)


def report(*findings: Finding) -> Report:
    return worlds.report(healthy(), *findings)


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_bytes(
        f"# top\r\nHF_TOKKEN={TOKEN}\r\nUSE_MODELSCOPE=False\r\nOTHER=x y\r\n".encode()
    )
    return path


def rename(env: Path) -> Edit:
    return Edit(Span(str(env), 2, 1, 2, 10), "HF_TOKEN")


def test_edits_come_before_the_patch(env: Path) -> None:
    changes = planned(
        report(
            finding(edits=(rename(env),)),
            finding("HUB200", patch=EnvPatch({"USE_MODELSCOPE": "True"})),
        ),
        envfile.read(env),
    )
    apply(changes)
    assert (
        env.read_bytes()
        == f"# top\r\nHF_TOKEN={TOKEN}\r\nUSE_MODELSCOPE=True\r\nOTHER=x y\r\n".encode()
    )
    assert [f.code for f in changes.findings] == ["ENV804", "HUB200"]


def test_a_plan_changes_nothing(env: Path) -> None:
    before = env.read_bytes()
    changes = planned(report(finding(edits=(rename(env),))), envfile.read(env))
    assert changes
    assert env.read_bytes() == before


def test_unsafe_and_manual_fixes_wait(env: Path) -> None:
    unsafe = finding(applicability=Applicability.UNSAFE, edits=(rename(env),))
    manual = finding(applicability=Applicability.MANUAL, edits=(rename(env),))
    assert not planned(report(unsafe, manual), envfile.read(env))
    assert planned(report(unsafe, manual), envfile.read(env), unsafe=True)


def test_two_edits_of_one_place_do_not_mix(env: Path) -> None:
    other = Edit(Span(str(env), 2, 4, 2, 12), "nonsense")
    changes = planned(
        report(finding(edits=(rename(env),)), finding("ENV800", edits=(other,))), envfile.read(env)
    )
    assert "HF_TOKEN=" in changes.env
    assert "nonsense" not in changes.env
    assert [f.code for f in changes.findings] == ["ENV804"]


def test_an_edit_of_another_file_is_not_made(env: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    edit = Edit(Span(str(victim), 1, 1, 1, 5), "X")
    assert not planned(report(finding(edits=(edit,))), envfile.read(env))


def test_the_mode_is_changed_only_where_it_differs(env: Path) -> None:
    env.chmod(0o644)
    mode = finding("ENV806", chmod=(str(env), 0o600))
    apply(planned(report(mode), envfile.read(env)))
    assert env.stat().st_mode & 0o777 == 0o600
    assert not planned(report(mode), envfile.read(env))


def test_utf_16_becomes_utf_8_with_the_same_text(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes("\ufeffUSE_MODELSCOPE=False\r\n".encode("utf-16-le"))
    changes = planned(report(finding("ENV802", reencode=str(path))), envfile.read(path))
    assert changes.writes_env
    apply(changes)
    assert path.read_bytes() == b"USE_MODELSCOPE=False\r\n"


def test_a_file_that_changed_meanwhile_is_not_overwritten(env: Path) -> None:
    changes = planned(report(finding(edits=(rename(env),))), envfile.read(env))
    env.write_text("somebody else was here\n")
    with pytest.raises(ConfigError, match="changed by another program"):
        apply(changes)
    assert env.read_text() == "somebody else was here\n"


def test_the_diff_masks_secrets_and_other_programs_values(env: Path) -> None:
    changes = planned(report(finding(edits=(rename(env),))), envfile.read(env))
    diff = changes.diff()
    assert TOKEN not in diff
    assert "x y" not in diff
    assert "-HF_TOKKEN=…" in diff
    assert "+HF_TOKEN=hf_…" in diff


def test_a_changed_secret_is_shown_as_changed_though_masked(tmp_path: Path) -> None:
    before = envfile.parse("HF_TOKEN=short1\n", tmp_path / ".env")
    after = envfile.parse("HF_TOKEN=short2\n", tmp_path / ".env")
    assert unified(before, after).splitlines()[3:] == ["-HF_TOKEN=…", "+HF_TOKEN=…"]


def test_equal_files_have_no_diff_and_a_new_one_says_so(tmp_path: Path) -> None:
    one = envfile.parse("A=1\n", tmp_path / ".env")
    assert unified(one, one) == ""
    none = dataclasses.replace(envfile.parse("", tmp_path / ".env"), exists=False)
    assert unified(none, envfile.parse("USE_MODELSCOPE=True\n", tmp_path / ".env")).splitlines() == [
        "--- /dev/null", "+++ .env", "@@ -0,0 +1 @@", "+USE_MODELSCOPE=True",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["HF_TOKEN: abcdef-secret\n", "HF_TOKEN='abcdef-secret\n", "# MODELSCOPE_API_TOKEN=abcdef-secret\n",
     "PASSWORD=\"abcdef-secret\nabcdef-secret\"\n", "URL=postgres://u:abcdef-secret@h/db\n",
     "X=abcdef-secret\x0b\x0cabcdef-secret\n"],
)  # fmt: skip
def test_secrets_of_odd_lines_are_masked_too(tmp_path: Path, text: str) -> None:
    before = envfile.parse(text, tmp_path / ".env")
    after = envfile.parse(text + "USE_MODELSCOPE=True\n", tmp_path / ".env")
    diff = unified(before, after)
    assert "+USE_MODELSCOPE=True" in diff
    assert "secret" not in diff


@pytest.mark.parametrize(
    "before, after",
    [(b"", b".env\n"), (b"build/", b"build/\n.env\n"), (b"a\r\n", b"a\r\n.env\r\n")],
)
def test_a_line_joins_a_gitignore_as_it_is_written(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    path = tmp_path / ".gitignore"
    path.write_bytes(before)
    assert add_line(path, ".env") is True
    assert add_line(path, ".env") is False
    assert path.read_bytes() == after
