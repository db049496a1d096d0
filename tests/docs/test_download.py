"""The page about downloading keeps its word: its commands, codes, events and signature are those of the program."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from qtune.commands.transferjson import NAMES
from qtune.core.download import snapshot
from qtune.core.download.codes import DWN
from tests.commands.conftest import Shell, online, shell  # noqa: F401 (fixtures)
from tests.hub import Hub, worlds

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "download.md", "zh": DOCS / "download.zh.md"}


def fences(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)


def test_both_languages_name_the_same_commands_codes_and_threads() -> None:
    english, chinese = (page.read_text("utf-8") for page in PAGES.values())
    for kind in ("bash", "json", "python"):
        assert fences(english, kind) == fences(chinese, kind) != []
    for pattern in (r"\[([A-Z]{3,4}\d{3})\]", r"`(qtune [^`]+)`", r"(https://[^)\s`]+)"):
        found = [sorted(re.findall(pattern, text)) for text in (english, chinese)]
        assert found[0] == found[1] != [], pattern


@pytest.mark.parametrize("lang", PAGES)
def test_every_code_and_every_event_stands_in_its_table(lang: str) -> None:
    text = PAGES[lang].read_text("utf-8")
    ending = "" if lang == "en" else ".zh"
    for code in DWN:
        assert f"| [{code}](rules/{code}{ending}.md) |" in text
    for name in (*NAMES.values(), "error"):
        assert re.search(rf"^\| .*`{name}`.* \|", text, re.M), name


def test_the_signature_is_the_functions_own() -> None:
    shown = fences(PAGES["en"].read_text("utf-8"), "python")[1]
    names = re.findall(r"^    (\w+):", shown, re.M)
    assert names == list(inspect.signature(snapshot).parameters)


@pytest.mark.parametrize("lang", PAGES)
def test_the_summary_is_the_one_that_is_printed(lang: str, online: Shell, hub: Hub) -> None:  # noqa: F811
    """But for the numbers."""
    told = online.qtune("download", worlds.QWEN, USE_MODELSCOPE="False", QTUNE_LANG=lang).stderr
    screens = [_shape(text) for text in fences(PAGES[lang].read_text("utf-8"), "text")]
    assert _shape(told) in screens


def _shape(text: str) -> str:
    return re.sub(r"\d+(\.\d+)? ?(B|kB|MB|GB)?", "0", text)
