"""Files are looked for where huggingface_hub itself looks: asked of the real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qtune.core.locations import hf_home, hub_cache, token_file, user_cache, user_config
from qtune.core.settings import resolve

ASK = """
import json
from huggingface_hub import constants
print(json.dumps([constants.HF_HOME, constants.HF_HUB_CACHE, constants.HF_TOKEN_PATH]))
"""


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"XDG_CACHE_HOME": None},
        {"HF_HOME": "~/models"},
        {"HF_HOME": "$HOME/models", "XDG_CACHE_HOME": "/elsewhere"},
        {"HF_HOME": "/models", "HF_HUB_CACHE": "~/cache"},
        {"HUGGINGFACE_HUB_CACHE": "/old/cache"},
        {"HF_TOKEN_PATH": "/run/token"},
    ],
)
def test_the_hugging_face_folders_are_those_of_huggingface_hub(
    changes: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in changes.items():
        if value is None:
            monkeypatch.delenv(key)
        else:
            monkeypatch.setenv(key, value)
    run = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True, timeout=60, check=True
    )
    settings = resolve(environ=os.environ)
    ours = [hf_home(settings), hub_cache(settings), token_file(settings)]
    assert [str(path) for path in ours] == json.loads(run.stdout)


def test_the_users_own_files_lie_in_the_users_own_folders(home: Path) -> None:
    assert user_config().name == "config.env" and home in user_config().parents
    assert home in user_cache().parents
    assert not user_config().exists()
