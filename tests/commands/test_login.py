"""`qtune login`: what the hub knows is kept, what it does not know is not, and nobody else hears of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import Shell
from tests.commands.terminal import begin, rest
from tests.hub import Fault, Hub, Kind, worlds


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_good_token_is_kept_and_its_owner_named(online: Shell, hub: Hub) -> None:
    done = online.qtune("login", stdin=worlds.GOOD + "\n")
    assert done.returncode == 0, done.stderr
    path = online.folder / ".env"
    assert path.read_text("utf-8") == f"HF_TOKEN={worlds.GOOD}\n"
    assert mode(path) == 0o600
    assert "alice" in done.stdout and "read" in done.stdout
    assert worlds.GOOD not in done.stdout + done.stderr
    assert hub.carrying(worlds.GOOD) == {"hf"}


def test_it_replaces_the_old_line_and_nothing_else(online: Shell) -> None:
    path = online.env("# mine", "HF_TOKEN=hf_old  # work", "USE_MODELSCOPE=True", mode=0o644)
    assert online.qtune("login", "hf", stdin=worlds.GOOD).returncode == 0
    assert path.read_text("utf-8") == (
        f"# mine\nHF_TOKEN={worlds.GOOD}  # work\nUSE_MODELSCOPE=True\n"
    )
    assert mode(path) == 0o600


@pytest.mark.parametrize(
    ("hub_name", "token", "code"),
    [("hf", worlds.UNKNOWN, "TOK303"), ("modelscope", worlds.MODELSCOPE_UNKNOWN, "TOK312")],
)
def test_a_token_that_the_hub_does_not_know_is_not_kept(
    online: Shell, hub_name: str, token: str, code: str
) -> None:
    done = online.qtune("login", hub_name, stdin=token)
    assert done.returncode == 1
    assert code in done.stderr
    assert not (online.folder / ".env").exists()
    assert token not in done.stdout + done.stderr


def test_modelscope(online: Shell, hub: Hub) -> None:
    done = online.qtune("login", "modelscope", stdin=worlds.MODELSCOPE)
    assert done.returncode == 0, done.stderr
    assert (online.folder / ".env").read_text(
        "utf-8"
    ) == f"MODELSCOPE_API_TOKEN={worlds.MODELSCOPE}\n"
    assert hub.carrying(worlds.MODELSCOPE) == {"ms"}


@pytest.mark.parametrize(
    "text", ["", "\n", "hf_xxx", "your_token_here", "Bearer hf_" + "a" * 34, "\0"]
)
def test_what_can_be_no_token_is_shown_to_nobody(shell: Shell, text: str) -> None:
    done = shell.qtune("login", stdin=text)
    assert done.returncode == 2
    assert "TOK30" in done.stderr
    assert not (shell.folder / ".env").exists()


def test_a_foreign_endpoint_of_the_project_does_not_get_the_token(shell: Shell, hub: Hub) -> None:
    path = shell.env(f"HF_ENDPOINT={hub.hf_url}", "QTUNE_TRUSTED_HOSTS=127.0.0.1")
    before = path.read_bytes()
    done = shell.qtune("login", stdin=worlds.GOOD)
    assert done.returncode == 2
    assert "HUB204" in done.stderr
    assert path.read_bytes() == before
    assert hub.carrying(worlds.GOOD) == set()


def test_a_hub_that_does_not_answer_leaves_everything_as_it_was(online: Shell, hub: Hub) -> None:
    hub.fault(Fault(Kind.STATUS, origin="hf", status=503))
    done = online.qtune("login", stdin=worlds.GOOD)
    assert done.returncode == 1
    assert not (online.folder / ".env").exists()
    assert online.qtune("login", "--offline", stdin=worlds.GOOD).returncode == 0
    assert (online.folder / ".env").exists()


def test_a_stronger_token_in_the_environment_is_pointed_out(online: Shell) -> None:
    done = online.qtune("login", stdin=worlds.GOOD, HF_TOKEN=worlds.NO_LICENCE)
    assert done.returncode == 0
    assert "unset HF_TOKEN" in done.stderr
    assert worlds.NO_LICENCE not in done.stderr


def test_env_is_kept_out_of_git(online: Shell) -> None:
    subprocess.run(["git", "init", "-q", str(online.folder)], check=True)
    assert online.qtune("login", stdin=worlds.GOOD).returncode == 0
    assert (online.folder / ".gitignore").read_text("utf-8") == ".env\n"


def test_on_a_terminal_the_token_is_not_echoed(online: Shell) -> None:
    child, keyboard = begin(online.command("login"), online.environment({}), online.folder)
    seen = b""
    while b"unseen" not in seen:
        seen += os.read(keyboard, 1000)
    os.write(keyboard, worlds.GOOD.encode() + b"\n")
    seen += rest(child, keyboard)
    assert child.returncode == 0
    assert worlds.GOOD.encode() not in seen
    assert b"alice" in seen
