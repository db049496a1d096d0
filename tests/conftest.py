"""No test sees the real home, the real caches or the real network settings."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.hub import Hub, worlds

# The same examples in every run: a change is judged by what it changed. To look for new ones:
# pytest --hypothesis-profile=default
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

# A shell starts what runs in the background deaf to ^C, and so are all its children: tests of ^C would wait
# for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

PREFIXES = (
    "HF_",
    "HUGGING",
    "MODELSCOPE_",
    "MS_CACHE_HOME",
    "QTUNE_",
    "TRANSFORMERS_",
    "SSL_CERT_",
    "XDG_",
)
NAMES = frozenset(
    (
        *("USE_MODELSCOPE", "USE_HF", "USE_MODELSCOPE_HUB", "UNSLOTH_USE_MODELSCOPE"),
        *("VLLM_USE_MODELSCOPE", "DEFAULT_MODEL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
        *("NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "DO_NOT_TRACK", "DISABLE_TELEMETRY"),
        *("CUDA_VISIBLE_DEVICES", "PYTORCH_ALLOC_CONF", "NCCL_P2P_DISABLE", "GITHUB_ACTIONS"),
        *("GITHUB_EVENT_PATH", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_PROJECT_ID"),
        *("CI_MERGE_REQUEST_PROJECT_ID", "GITHUB_ENV", "GITHUB_OUTPUT"),
        *("FORCE_COLOR", "NO_COLOR", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"),
    )
)


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home directory; everything a hub, a cache or a proxy could read is unset."""
    for key in list(os.environ):
        if key.upper().startswith(PREFIXES) or key.upper() in NAMES:
            monkeypatch.delenv(key)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    # The caches of both hubs follow from these two; setting HF_HOME itself would count as a
    # choice of the user's wherever the origin of a setting is shown.
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ".cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / ".local/share"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / ".local/state"))
    monkeypatch.setenv("APPDATA", str(folder / "AppData/Roaming"))
    monkeypatch.setenv("LOCALAPPDATA", str(folder / "AppData/Local"))
    return folder


@pytest.fixture
def home(isolated: Path) -> Path:
    """The test's own home directory."""
    return isolated


@pytest.fixture(autouse=True)
def no_secret_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test makes a secret is an ordinary word in the next."""
    monkeypatch.setattr("qtune.core.secret._met", {})


@pytest.fixture
def hub() -> Iterator[Hub]:
    """The demo world, healthy."""
    world = worlds.demo()
    with Hub(world.repos, world.users) as running:
        yield running
