"""A row of the table is there because something reads it: changing the value changes what happens.

Every row has a proof here (two values, and what comes of each), or is proved by the tests named in
PROVED_ELSEWHERE; rows that only other programs read are handed to these programs.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qtune.commands.target import defaults, read_target
from qtune.core.credentials import credential
from qtune.core.export import child_environment
from qtune.core.http import open_client, tls_context
from qtune.core.locations import hf_home, hub_cache, modelscope_cache, token_file
from qtune.core.proxy import proxy_for
from qtune.core.settings import Settings, problem_of, resolve
from qtune.core.sources import candidates
from qtune.core.table import BY_KEY, BY_NAME, TABLE, Setting
from qtune.core.text import language
from qtune.core.trust import may_send
from tests.hub import worlds
from tests.hub.tls import make_identity

ROOT = Path(__file__).resolve().parents[2]
TOKEN = worlds.GOOD
Effect = Callable[[Settings], object]


def authorities(settings: Settings) -> object:
    context = tls_context(settings)
    return context.get_ca_certs() if settings.path("SSL_CERT_FILE") else "the system's"


def timeouts(settings: Settings) -> tuple[float | None, float | None]:
    with open_client(settings) as client:
        return client.timeout.connect, client.timeout.read


def revealed(hub: str) -> Effect:
    def effect(settings: Settings) -> object:
        found = credential(hub, settings)  # type: ignore[arg-type]
        return found.secret.reveal() if found else None

    return effect


def held_by(url: str) -> Effect:
    return lambda settings: proxy_for(url, settings)


def may_go(settings: Settings) -> object:
    found = credential("huggingface", settings)
    return found is not None and may_send(found, "https://hub.corp/", settings)


# key: (a value, another one, what else is set, what comes of it)
PROVED_HERE: dict[str, tuple[str, str, dict[str, str], Effect]] = {
    "USE_MODELSCOPE": ("True", "False", {}, candidates),
    "HF_TOKEN": (TOKEN, worlds.WRITE, {}, revealed("huggingface")),
    "DEFAULT_MODEL": ("a/b", "c/d", {}, lambda s: read_target("", "train", s).goal.model),
    "QTUNE_SOURCES": ("huggingface", "modelscope", {}, candidates),
    "QTUNE_FALLBACK": ("True", "False", {}, candidates),
    "QTUNE_MIRRORS": ("https://m1.example", "https://m2.example", {}, candidates),
    "QTUNE_TRUSTED_HOSTS": ("hub.corp", "other.corp", {"HF_TOKEN": TOKEN}, may_go),
    "HF_ENDPOINT": ("https://huggingface.co", "https://hub.corp", {}, candidates),
    "HF_HOME": ("/a", "/b", {}, hf_home),
    "HF_HUB_CACHE": ("/a", "/b", {}, hub_cache),
    "HF_TOKEN_PATH": ("/a", "/b", {}, token_file),
    "HF_HUB_ETAG_TIMEOUT": ("7", "8", {}, timeouts),
    "HF_HUB_DOWNLOAD_TIMEOUT": ("7", "8", {}, timeouts),
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": ("0", "1", {"HF_TOKEN": TOKEN}, revealed("huggingface")),
    "MODELSCOPE_ENDPOINT": ("https://modelscope.cn", "https://ms.corp", {}, candidates),
    "MODELSCOPE_API_TOKEN": ("token-one", "token-two", {}, revealed("modelscope")),
    "MODELSCOPE_CACHE": ("/a", "/b", {}, modelscope_cache),
    "HTTP_PROXY": ("http://a:1", "http://b:1", {}, held_by("http://h/")),
    "HTTPS_PROXY": ("http://a:1", "http://b:1", {}, held_by("https://h/")),
    "ALL_PROXY": ("http://a:1", "http://b:1", {}, held_by("https://h/")),
    "NO_PROXY": ("h", "other", {"ALL_PROXY": "http://a:1"}, held_by("https://h/")),
    "QTUNE_OUTPUT_DIR": ("one", "two", {}, lambda s: defaults(s).output_root),
    "QTUNE_LANG": ("en", "zh", {}, lambda s: language(s.text("QTUNE_LANG"))),
}
PROVED_ELSEWHERE: dict[str, str] = {
    "HF_HUB_OFFLINE": "tests/core/download/test_offline.py::test_an_empty_cache_is_an_error_that_names_the_setting",
    "HF_HUB_DISABLE_SYMLINKS": "tests/core/download/test_layout.py::test_without_links_the_snapshot_holds_the_files",
    "HF_HUB_DISABLE_XET": "tests/core/download/test_xet_run.py::test_where_something_forbids_it_nothing_is_asked_for",
    "HF_XET_HIGH_PERFORMANCE": "tests/core/download/test_xet_run.py::test_the_users_own_values_go_before_ours",
    "QTUNE_CONNECTIONS": "tests/core/download/test_store.py::test_the_number_of_connections_is_what_the_setting_says",
    "QTUNE_IP_FAMILY": "tests/core/test_http.py::test_the_address_family_of_the_settings",
    "SSL_CERT_FILE": "tests/core/test_http.py::test_the_ca_file_of_the_settings_is_the_one_that_counts",
    "QTUNE_DEVICE": "tests/core/test_table.py::test_the_trainer_takes_device_and_number_format_as_set",
    "QTUNE_DTYPE": "tests/core/test_table.py::test_the_trainer_takes_device_and_number_format_as_set",
}
OTHERS = {"huggingface_hub", "modelscope", "torch"}
HANDED_ON = [row.key for row in TABLE if set(row.read_by) <= OTHERS]


def test_every_row_is_proved_in_one_place() -> None:
    places = [*PROVED_HERE, *PROVED_ELSEWHERE, *HANDED_ON]
    assert sorted(places) == sorted(BY_KEY), "each row once, and no row twice"


@pytest.mark.parametrize("key", PROVED_HERE)
def test_changing_the_value_changes_what_happens(key: str) -> None:
    one, other, beside, effect = PROVED_HERE[key]
    first, second = (effect(resolve(environ={**beside, key: text})) for text in (one, other))
    assert first != second
    assert effect(resolve(environ={**beside, key: one})) == first, "and nothing else does"


@pytest.mark.parametrize("key", PROVED_ELSEWHERE)
def test_the_test_that_proves_a_row_is_there_and_speaks_of_it(key: str) -> None:
    path, _, name = PROVED_ELSEWHERE[key].partition("::")
    source = (ROOT / path).read_text("utf-8")
    assert key in source
    functions = [
        node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)
    ]
    assert name in functions


def sample(row: Setting) -> tuple[str, str]:
    """A value of the row that is not its default, and how a library reads it."""
    return {
        "bool": ("yes", "1"),
        "int": ("17", "17"),
        "url": ("https://a.example/", "https://a.example"),
        "path": ("/some/where", "/some/where"),
        "list": ("a,b", "a,b"),
        "text": ("value-of-a-text", "value-of-a-text"),
    }[row.kind]


@pytest.mark.parametrize("row", [row for row in TABLE if row.exported], ids=lambda row: row.key)
def test_what_a_library_reads_reaches_a_child_under_its_own_name(row: Setting) -> None:
    written, read = sample(row)
    child = child_environment(resolve(environ={row.key: written}), {row.key: "stale"})
    assert child[row.key] == read
    assert row.key not in child_environment(resolve(), {row.key: "stale"})
    assert OTHERS & set(row.read_by), "an exported row names the library that reads it"
    for alias in row.aliases:
        renamed = child_environment(resolve(environ={alias: written}), {alias: "stale"})
        assert renamed[row.key] == read
        assert alias not in renamed or renamed[alias] == read


@pytest.mark.parametrize("row", [row for row in TABLE if not row.exported], ids=lambda row: row.key)
def test_what_qtune_alone_reads_stays_at_home(row: Setting) -> None:
    assert row.key not in child_environment(resolve(environ={row.key: row.default}), {})
    assert not OTHERS & set(row.read_by)


CONSTANTS = """
import json
from huggingface_hub import constants as c
print(json.dumps([c.HF_XET_CACHE, c.HF_HUB_DISABLE_XET, c.HF_XET_HIGH_PERFORMANCE,
                  c.HF_HUB_OFFLINE, c.HF_HUB_CACHE, c.HF_HUB_ETAG_TIMEOUT, c.ENDPOINT]))
"""


def test_the_real_huggingface_hub_reads_what_is_exported() -> None:
    values = {
        "HF_XET_CACHE": "/xet",
        "HF_HUB_DISABLE_XET": "yes",
        "HF_XET_HIGH_PERFORMANCE": "on",
        "HF_HUB_OFFLINE": "y",
        "HF_HUB_CACHE": "/cache",
        "HF_HUB_ETAG_TIMEOUT": "7",
        "HF_ENDPOINT": "https://hub.corp/",
    }
    run = subprocess.run(
        [sys.executable, "-c", CONSTANTS],
        env=child_environment(resolve(environ=values), os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(run.stdout) == ["/xet", True, True, True, "/cache", 7, "https://hub.corp"]


PLACED = """
import json
from qtune.core.errors import TrainError
from qtune.core.settings import resolve
from qtune.train.device import choose
def outcome(**environ):
    settings = resolve(environ=environ)
    try:
        placed = choose(settings.text("QTUNE_DEVICE"), settings.text("QTUNE_DTYPE"))
    except TrainError as error:
        return error.code
    return [placed.device, str(placed.dtype)]
print(json.dumps([outcome(QTUNE_DEVICE=device, QTUNE_DTYPE=dtype) for device, dtype in
                  [("cpu", "float32"), ("cpu", "bfloat16"), ("mps", "float32"), ("cuda", "float32")]]))
"""


def test_the_trainer_takes_device_and_number_format_as_set() -> None:
    """QTUNE_DEVICE and QTUNE_DTYPE; a device that is not there is refused, never replaced."""
    run = subprocess.run(
        [sys.executable, "-c", PLACED], capture_output=True, text=True, timeout=120, check=True
    )
    first, second, mps, cuda = json.loads(run.stdout)
    assert first == ["cpu", "torch.float32"]
    assert second == ["cpu", "torch.bfloat16"]
    assert mps in ("TRN014", ["mps", "torch.float32"])
    assert cuda in ("TRN014", ["cuda", "torch.float32"])


def test_another_ca_file_means_other_authorities(tmp_path: Path) -> None:
    ca_file = make_identity(tmp_path).ca_file
    found = authorities(resolve(environ={"SSL_CERT_FILE": str(ca_file)}))
    assert found != authorities(resolve())


# --- the rows themselves ------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.key)
def test_a_row_is_whole(row: Setting) -> None:
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", row.key)
    for text in (row.summary, row.why):
        assert text.en.endswith((".", "?")) and re.search(r"[\u4e00-\u9fff]", text.zh)
    assert row.read_by
    assert bool(row.choices) is (row.kind == "choice")
    assert row.kind == "bool" or row.default not in ("True", "False")
    assert not (row.secret and row.default)
    for reader in set(row.read_by) - OTHERS:
        assert importlib.util.find_spec(f"qtune.{reader}"), "a module of this house"


def test_gpus_are_named_in_every_way_that_cuda_takes() -> None:
    row = BY_KEY["CUDA_VISIBLE_DEVICES"]
    uuid = "11111111-2222-3333-4444-555555555555"
    for value in ("0", "1,0", f"GPU-{uuid}", f"MIG-{uuid}", f"MIG-GPU-{uuid}/3/0", "-1"):
        assert problem_of(row, value) is None
    for text in (row.why.en, row.why.zh):
        assert "GPU-…" in text and "MIG-…" in text


def test_no_name_means_two_settings() -> None:
    names = [name for row in TABLE for name in (row.key, *row.aliases)]
    assert len(names) == len(set(names)) == len(BY_NAME)


def test_what_names_a_secret_is_kept_secret() -> None:
    secret = {row.key for row in TABLE if row.secret}
    assert secret == {"HF_TOKEN", "MODELSCOPE_API_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}


def test_no_key_is_read_that_is_not_in_the_table() -> None:
    """Whatever the code asks the settings for is a row."""
    asked: set[str] = set()
    pattern = re.compile(
        r"settings\.(?:text|flag|number|items|path|secret|origin|is_set)\(\s*\"(\w+)\""
    )
    for folder in ("core", "doctor", "train", "qtune/commands"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            asked |= set(pattern.findall(path.read_text("utf-8")))
    assert asked and asked <= set(BY_KEY)
