"""The codes of the command line itself, each in a real process beside what comes close to it."""

from __future__ import annotations

import pytest

from tests.commands.conftest import QWEN, Shell
from tests.hub import Hub


def said(shell: Shell, *arguments: str, **environ: str) -> tuple[int, str]:
    """The exit code and the code of the error, "" for none."""
    done = shell.qtune(*arguments, **environ)
    _, _, rest = done.stderr.partition("error[")
    return done.returncode, rest.partition("]")[0]


@pytest.mark.triggers("CFG090")
@pytest.mark.spares("CFG090")
def test_a_code_that_no_rule_has_and_one_in_small_letters(shell: Shell) -> None:
    assert said(shell, "explain", "TOK999") == (2, "CFG090")
    assert said(shell, "doctor", "--offline", "--skip", "TOK999") == (2, "CFG090")
    assert said(shell, "explain", "tok303") == (0, "")
    assert said(shell, "doctor", "--offline", "--for", "download", "--skip", "tok303,env") == (
        0,
        "",
    )


@pytest.mark.triggers("CFG091")
@pytest.mark.spares("CFG091")
def test_facts_that_were_cut_off_and_facts_that_are_whole(shell: Shell) -> None:
    look = ("doctor", "--offline", "--for", "download")
    assert said(shell, *look, "--save", "f.json") == (0, "")
    assert said(shell, "doctor", "--facts", "f.json") == (0, "")
    facts = shell.folder / "f.json"
    facts.write_bytes(facts.read_bytes()[:-20])
    assert said(shell, "doctor", "--facts", "f.json") == (2, "CFG091")


@pytest.mark.triggers("CFG092")
@pytest.mark.spares("CFG092")
def test_options_that_exclude_each_other_and_those_that_do_not(shell: Shell) -> None:
    look = ("doctor", "--offline", "--for", "download")
    assert said(shell, *look, "--fix", "--diff") == (2, "CFG092")
    assert said(shell, *look, "--unsafe-fixes") == (2, "CFG092")
    assert said(shell, *look, "--fix", "--yes", "--timeout", "0.5") == (0, "")


@pytest.mark.triggers("HUB224")
@pytest.mark.spares("HUB224")
def test_what_is_no_models_name_and_what_looks_odd_and_is_one(online: Shell, hub: Hub) -> None:
    for name in ("a/b/c", "../../etc", "Qwen/Qwen3 4B", "Qwen--Qwen3/x"):
        assert said(online, "download", "--", name) == (2, "HUB224")
    assert hub.requests == []
    assert said(online, "download", "0-owner/A_b.c-1.5") == (1, "HUB221")


@pytest.mark.triggers("HUB225")
@pytest.mark.spares("HUB225")
def test_what_is_no_revision_and_what_is_one(online: Shell, hub: Hub) -> None:
    for revision in ("../main", "a b", "-x"):
        assert said(online, "download", QWEN, f"--revision={revision}") == (2, "HUB225")
    assert hub.requests == []
    assert said(online, "download", QWEN, "--revision=main", "--quiet") == (0, "")


@pytest.mark.triggers("ENV812")
@pytest.mark.spares("ENV812")
def test_an_env_that_cannot_be_written_and_one_behind_a_link(shell: Shell) -> None:
    look = ("doctor", "--offline", "--for", "download", "--fix", "--yes")
    env = shell.folder / ".env"
    (shell.folder / "settings").write_text("USE_MODELSCOP=True\n")
    env.symlink_to("settings")
    assert said(shell, *look) == (0, "")
    assert (shell.folder / "settings").read_text() == "USE_MODELSCOPE=True\n"
    env.unlink()
    env.symlink_to(".env")
    assert "ENV812" in shell.qtune(*look).stdout + shell.qtune(*look).stderr
