"""Which token counts, where it was found, and which others it hides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qtune.core.credentials import credential, credentials
from qtune.core.envfile import parse
from qtune.core.origin import Level
from qtune.core.secret import redact
from qtune.core.settings import resolve

PROJECT, USER = Path("/project/.env"), Path("/me/config.env")
NAMES = {
    "environ": Level.ENVIRON,
    "user": Level.USER,
    "project": Level.PROJECT,
}


@pytest.fixture
def token_path(home: Path) -> Path:
    path = home / ".cache/huggingface/token"
    path.parent.mkdir(parents=True)
    return path


def test_every_place_is_named_the_one_that_counts_first(token_path: Path) -> None:
    token_path.write_text("of-the-file\n")
    settings = resolve(
        environ={"HF_TOKEN": "of-environ"},
        user=parse("HF_TOKEN=of-user", USER),
        project=parse("\nHF_TOKEN=of-project", PROJECT),
    )
    found = credentials("huggingface", settings)
    assert [(one.secret.reveal(), one.origin.level) for one in found] == [
        ("of-environ", Level.ENVIRON),
        ("of-user", Level.USER),
        ("of-project", Level.PROJECT),
        ("of-the-file", Level.USER),
    ]
    assert (found[2].origin.path, found[2].origin.line) == (PROJECT, 2)
    assert found[3].origin.path == token_path
    first = credential("huggingface", settings)
    assert first is not None and first.secret.reveal() == "of-environ"


@pytest.mark.parametrize("present", ["environ", "user", "project", "file", "none"])
def test_the_token_that_counts_is_the_one_of_the_strongest_place(
    present: str, token_path: Path
) -> None:
    if present == "file":
        token_path.write_text("canary")
    settings = resolve(
        environ={"HF_TOKEN": "canary"} if present == "environ" else {},
        user=parse("HF_TOKEN=canary", USER) if present == "user" else None,
        project=parse("HF_TOKEN=canary", PROJECT) if present == "project" else None,
    )
    found = credential("huggingface", settings)
    if present == "none":
        assert found is None
        return
    assert found is not None and found.secret.reveal() == "canary"
    assert found.origin.level is NAMES.get(present, Level.USER)


def test_an_order_not_to_send_tokens_is_obeyed(token_path: Path) -> None:
    token_path.write_text("canary")
    settings = resolve(environ={"HF_TOKEN": "x", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"})
    assert credential("huggingface", settings) is None
    assert len(credentials("huggingface", settings)) == 2
    both = resolve(environ={"MODELSCOPE_API_TOKEN": "m", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"})
    assert credential("modelscope", both) is not None


def test_the_two_hubs_tokens_are_never_mixed_up(token_path: Path) -> None:
    token_path.write_text("of-the-file")
    settings = resolve(environ={"HF_TOKEN": "of-hf", "MODELSCOPE_API_TOKEN": "of-ms"})
    assert [c.secret.reveal() for c in credentials("modelscope", settings)] == ["of-ms"]
    assert "of-ms" not in [c.secret.reveal() for c in credentials("huggingface", settings)]
    assert credential("modelscope", resolve()) is None


@pytest.mark.parametrize("data", [b"", b" \r\n ", b"\xff\xfe", b"a\0b", b"x" * 10_000])
def test_any_token_file_can_be_read(token_path: Path, data: bytes) -> None:
    token_path.write_bytes(data)
    for one in credentials("huggingface", resolve()):
        assert 0 < len(one.secret.reveal()) <= 4096


def test_a_token_file_that_cannot_be_read_is_no_token(token_path: Path) -> None:
    token_path.mkdir()
    assert credential("huggingface", resolve()) is None


def test_the_token_of_the_file_is_a_secret_from_then_on(token_path: Path) -> None:
    token_path.write_text("no-known-shape-at-all\n")
    credentials("huggingface", resolve())
    assert "no-known-shape" not in redact("it says no-known-shape-at-all")


@pytest.mark.parametrize(
    ("environ", "file"),
    [
        ({"HF_TOKEN": "one"}, "two"),
        ({"HUGGING_FACE_HUB_TOKEN": "one"}, "two"),
        ({"HF_TOKEN": "one", "HUGGING_FACE_HUB_TOKEN": "three"}, None),
        ({"HF_TOKEN": " one\n"}, None),
        ({"HF_TOKEN": ""}, "  two \r\n"),
        ({}, None),
        ({"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, None),
    ],
)
def test_the_same_token_counts_as_for_huggingface_hub(
    environ: dict[str, str], file: str | None, token_path: Path
) -> None:
    if file is not None:
        token_path.write_text(file)
    ask = "import json, huggingface_hub; print(json.dumps(huggingface_hub.get_token()))"
    run = subprocess.run(
        [sys.executable, "-c", ask],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, **environ},
    )
    ours = credential("huggingface", resolve(environ={**os.environ, **environ}))
    assert (ours.secret.reveal() if ours else None) == json.loads(run.stdout)
