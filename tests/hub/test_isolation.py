"""What `tests/conftest.py` promises every test: no real home, no real settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest


@pytest.fixture(autouse=True, scope="module")
def _planted() -> object:
    """Settings a developer may have exported, in place before any fixture of a test runs."""
    planted = {"HF_TOKEN": "hf_real", "USE_MODELSCOPE": "False", "https_proxy": "http://real:1"}
    planted |= {"HF_HOME": "/real", "QTUNE_LANG": "zh", "SSL_CERT_FILE": "/real.pem"}
    saved = {key: os.environ.get(key) for key in planted}
    os.environ.update(planted)
    yield planted
    for key, value in saved.items():
        if value is None:
            del os.environ[key]
        else:
            os.environ[key] = value


def test_the_developers_settings_are_gone() -> None:
    for key in ("HF_TOKEN", "USE_MODELSCOPE", "https_proxy", "HF_HOME", "QTUNE_LANG"):
        assert key not in os.environ
    assert "SSL_CERT_FILE" not in os.environ


def test_every_cache_lies_in_the_tests_home(home: Path) -> None:
    code = (
        "import json, huggingface_hub.constants as c; from modelscope_hub.config import HubConfig;"
        "import pathlib; print(json.dumps([c.HF_HOME, c.HF_HUB_CACHE, c.HF_TOKEN_PATH,"
        "str(HubConfig().cache_dir), str(pathlib.Path.home())]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    found = json.loads(run.stdout)
    found += [platformdirs.user_cache_dir("x"), platformdirs.user_config_dir("x")]
    for path in found:
        assert Path(path).is_relative_to(home)
