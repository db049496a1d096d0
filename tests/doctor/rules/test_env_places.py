"""ENV803 and ENV811: real `.env` files, and the command that mends them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Shell

TOKEN = "hf_" + "k" * 34


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    folder = tmp_path / "home/work/project"
    folder.mkdir(parents=True)
    return Shell(folder, {"HOME": str(tmp_path / "home"), "USERPROFILE": str(tmp_path / "home")})


def told(shell: Shell, *names: str) -> list[dict[str, Any]]:
    look = ("--offline", "--only", ",".join(names), "--format", "json", "--for", "download")
    done = shell.qtune("doctor", *look)
    assert TOKEN not in done.stdout + done.stderr
    found = json.loads(done.stdout)["findings"]
    assert isinstance(found, list)
    return found


@pytest.mark.triggers("ENV803")
def test_comments_glued_to_values_are_the_cause_and_are_mended(shell: Shell) -> None:
    path = shell.env(
        "USE_MODELSCOPE=False#use Hugging Face",
        "HF_ENDPOINT=https://hf.example#ours",
        f"HF_TOKEN={TOKEN}#mine",
        "QTUNE_FALLBACK=True # fine",
    )
    found = told(shell, "ENV803", "ENV805", "HUB203", "TOK301")
    assert sorted({row["span"]["line"] for row in found if row["code"] == "ENV803"}) == [1, 2, 3]
    followed = {row["code"]: row["because"] for row in found if row["code"] != "ENV803"}
    assert followed == {"ENV805": "ENV803", "HUB203": "ENV803"}
    done = shell.qtune("doctor", "--offline", "--only", "ENV803", "--fix", "--yes")
    assert TOKEN not in done.stdout + done.stderr
    assert path.read_text("utf-8").splitlines() == [
        "USE_MODELSCOPE=False #use Hugging Face",
        "HF_ENDPOINT=https://hf.example #ours",
        f"HF_TOKEN={TOKEN} #mine",
        "QTUNE_FALLBACK=True # fine",
    ]
    assert told(shell, "ENV803", "ENV805", "HUB203", "TOK301") == []


@pytest.mark.triggers("ENV803")
@pytest.mark.parametrize("comment", ["mine", "my own", "我的"])
def test_a_token_with_a_comment_glued_to_it_is_wrong_for_that_reason(
    shell: Shell, comment: str
) -> None:
    shell.env("USE_MODELSCOPE=False", f"HF_TOKEN={TOKEN}#{comment}")
    found = {row["code"]: row["because"] for row in told(shell, "ENV803", "TOK301", "TOK302")}
    assert found.pop("ENV803") is None
    assert set(found) <= {"TOK301", "TOK302"} and set(found.values()) == {"ENV803"}


@pytest.mark.spares("ENV803")
def test_a_hash_that_belongs_to_the_value_or_begins_a_comment_is_fine(shell: Shell) -> None:
    shell.env(
        "USE_MODELSCOPE=False # use Hugging Face",
        "HF_HOME=/data/hf#2",  # a folder may be called so
        "HTTPS_PROXY=http://me:pa#ss@proxy.example:3128",
        'DEFAULT_MODEL="Qwen/Qwen3-4B"#quoted',
        "OTHERS_KEY=a#b",
        "QTUNE_LANG=en#old",
        "QTUNE_LANG=en",  # the last line counts
    )
    assert told(shell, "ENV803") == []


# --- ENV811 -------------------------------------------------------------------------------------------


@pytest.mark.triggers("ENV811")
def test_case_22_settings_in_the_env_of_the_folder_above(shell: Shell) -> None:
    above = shell.folder.parent / ".env"
    above.write_text(f"USE_MODELSCOPE=False\nHF_TOKEN={TOKEN}\nQTUNE_FALLBACK=True\nOTHER=1\n")
    (finding,) = told(shell, "ENV811")
    assert finding["severity"] == "warning" and str(above) in finding["message"]
    assert "USE_MODELSCOPE" in finding["message"]
    assert "QTUNE_FALLBACK" not in finding["message"], "it says what holds anyway"
    assert finding["fix"]["command"] == f'qtune doctor --env-file "{above}"'
    shell.env("QTUNE_CONNECTIONS=2")
    assert [row["severity"] for row in told(shell, "ENV811")] == ["info"]


@pytest.mark.spares("ENV811")
def test_an_env_above_that_changes_nothing_here_is_not_spoken_of(shell: Shell) -> None:
    above = shell.folder.parent / ".env"
    above.write_text("USE_MODELSCOPE=True\nOTHER=1\n")
    assert told(shell, "ENV811") == []
    above.write_text("USE_MODELSCOPE=False\n")
    shell.env("USE_MODELSCOPE=False")
    assert told(shell, "ENV811") == []
    (shell.folder / ".env").unlink()
    (shell.folder / ".git").mkdir()  # another project's
    assert told(shell, "ENV811") == []


@pytest.mark.spares("ENV811")
@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\0" * 100, b"=" * 400_000, b"A" * 10])
def test_whatever_lies_above_ends_nothing(shell: Shell, data: bytes) -> None:
    (shell.folder.parent / ".env").write_bytes(data)
    assert told(shell, "ENV811") == []
