"""`.env` beside what else is known: the process's variables, git; and what nobody can see in it."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from qtune.core.envfile import parse
from qtune.doctor.documents.check import check
from qtune.doctor.documents.world import World
from qtune.doctor.finding import Applicability, Finding
from tests.hub.worlds import GOOD

OTHER = GOOD[:-4] + "zzzz"


def found(text: str, path: Path = Path(".env"), **environ: str) -> list[Finding]:
    return list(check(text, path, world=World(environ)).findings)


def codes(text: str, path: Path = Path(".env"), **environ: str) -> list[str]:
    return [finding.code for finding in found(text, path, **environ)]


def applied(text: str, finding: Finding) -> str:
    assert finding.fix is not None and finding.fix.edits
    lines = text.split("\n")
    for edit in sorted(finding.fix.edits, key=lambda e: -e.span.column):
        span, row = edit.span, lines[edit.span.line - 1]
        assert span.line == span.end_line
        lines[span.line - 1] = row[: span.column - 1] + edit.text + row[span.end_column - 1 :]
    return "\n".join(lines)


# --- the process ----------------------------------------------------------------------------------


@pytest.mark.triggers("ENV808")
@pytest.mark.spares("ENV808")
def test_a_line_that_the_process_overrides_is_told() -> None:
    text = "# mine\nUSE_MODELSCOPE=False\n"
    assert codes(text, USE_MODELSCOPE="True") == ["ENV808"]
    (finding,) = found(text, USE_MODELSCOPE="True")
    assert finding.span is not None and finding.span.line == 2
    assert codes(text, USE_MODELSCOPE="False") == []
    assert codes(text, USE_MODELSCOPE="") == []
    assert codes(text) == []


def test_the_users_own_config_goes_before_env_too() -> None:
    user = parse("USE_MODELSCOPE=True\n", Path("/home/me/.config/qtune/config.env"))
    checked = check("USE_MODELSCOPE=False\n", Path(".env"), world=World({}, user=user))
    assert [finding.code for finding in checked.findings] == ["ENV808"]


@pytest.mark.triggers("TOK304")
@pytest.mark.spares("TOK304")
def test_another_token_in_the_process_is_told_once_and_masked() -> None:
    text = f"USE_MODELSCOPE=False\nHF_TOKEN={GOOD}\n"
    assert codes(text, HF_TOKEN=OTHER) == ["TOK304"]
    assert codes(text, HF_TOKEN=GOOD) == []
    shown = repr(found(text, HF_TOKEN=OTHER))
    assert GOOD not in shown and OTHER not in shown


def test_a_file_that_qtune_does_not_read_can_lose_against_nothing() -> None:
    text = "USE_MODELSCOPE=False\n"
    for name in (".env.example", ".env.production", "deploy.env"):
        assert codes(text, Path(name), USE_MODELSCOPE="True") == []


def test_the_process_decides_nothing_else() -> None:
    text = f"HF_TOKEN={GOOD}\nHF_ENDPOINT=https://hf.example\nUSE_MODELSCOPE=Fals\n"
    alone = codes(text)
    assert codes(text, HTTPS_PROXY="http://me:pass@proxy:1", QTUNE_LANG="xx") == alone


@pytest.mark.triggers("GPU510")
@pytest.mark.spares("GPU510")
def test_float16_on_a_cpu() -> None:
    assert codes("QTUNE_DEVICE=cpu\nQTUNE_DTYPE=float16\n") == ["GPU510"]
    assert codes("QTUNE_DEVICE=cuda\nQTUNE_DTYPE=float16\n") == []
    assert codes("QTUNE_DTYPE=float16\n") == []


# --- git ------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.triggers("ENV807")
@pytest.mark.spares("ENV807")
def test_a_secret_in_a_file_that_git_has_taken(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    text = f"USE_MODELSCOPE=False\nHF_TOKEN={GOOD}\n"
    paths = [tmp_path / name for name in (".env", ".env.example", "prod.env")]
    for path in paths:
        path.write_text("# nothing yet\n")
    assert [codes(text, path) for path in paths] == [[], [], []]
    git("add", "-f", *(path.name for path in paths))
    assert [codes(text, path) for path in paths] == [["ENV807"]] * 3
    assert [codes("USE_MODELSCOPE=False\n", path) for path in paths] == [[], [], []]
    assert codes("HF_TOKEN=hf_your_token_here_please_replace\n", paths[1]) == []
    assert codes("HF_TOKEN=\n", paths[0]) == []
    assert codes("OPENAI_API_KEY=your-key\n", paths[1]) == []
    assert GOOD not in repr(found(text, paths[0]))


# --- what nobody sees -----------------------------------------------------------------------------


@pytest.mark.triggers("ENV800", "ENV805")
@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("\u200bUSE_MODELSCOPE=False", "USE_MODELSCOPE=False"),
        ("USE\u00ad_MODELSCOPE\u200b=False", "USE_MODELSCOPE=False"),
        ("\u202aDEFAULT_MODEL=a/b", "DEFAULT_MODEL=a/b"),
    ],
)
def test_a_name_with_something_invisible_in_it(text: str, right: str) -> None:
    (finding,) = found(text)
    assert finding.code == "ENV800" and "cannot be seen" in finding.message.en
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    assert applied(text, finding) == right
    assert codes(right) == []


def test_a_value_with_something_invisible_behind_it() -> None:
    (finding,) = found("USE_MODELSCOPE=False\u200b\n")
    assert finding.code == "ENV805" and finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE
    assert finding.fix.patch is not None
    assert finding.fix.patch.set == {"USE_MODELSCOPE": "False"}


@pytest.mark.triggers("TOK302")
@pytest.mark.parametrize(
    "wrong",
    [
        f"Bearer {GOOD}",
        f"\u200b{GOOD}",
        f"{GOOD}\ufeff",
        f"\"'{GOOD}'\"",
        f"“{GOOD}”",
        f"{GOOD[:9]}\u200b{GOOD[9:]}",
        f'"Bearer {GOOD}\u200b"',
    ],
)
def test_what_stands_around_a_token_can_be_taken_away(wrong: str) -> None:
    text = f"USE_MODELSCOPE=False\nHF_TOKEN={wrong}\n"
    (finding,) = found(text)
    assert finding.code == "TOK302"
    right = applied(text, finding)
    assert right.split("\n")[1] in (f"HF_TOKEN={GOOD}", f'HF_TOKEN="{GOOD}"')
    assert codes(right) == []
    assert GOOD not in repr(finding)


# --- speed ----------------------------------------------------------------------------------------


def test_two_thousand_lines_are_judged_between_two_keystrokes() -> None:
    keys = ["USE_MODELSCOPE=Fals", "HF_TOKKEN=hf_abc", "PORT=80", "MY_API_KEY=sk-abcdefgh12345"]
    text = "".join(f"{keys[n % 4] if n % 4 != 2 else f'PORT_{n}=80'}\n" for n in range(2000))
    world = World({"USE_MODELSCOPE": "True", "PATH": "/bin"})
    best = 9.0
    for _ in range(5):
        began = time.process_time()
        check(text, Path(".env"), world=world)
        best = min(best, time.process_time() - began)
    assert best < 0.2
