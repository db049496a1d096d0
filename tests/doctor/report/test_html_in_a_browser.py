"""The page of a report in a real browser: on a phone, a laptop and a wide screen, light and dark, and on paper."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtune.core.text import Lang
from qtune.doctor.report.html import render
from tests.browser import PROGRAM, Browser, Scheme, browser
from tests.doctor.report import hostile, worlds

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")

# The widest thing on the page, and what is wider than the part of the page that it stands in.
OVERFLOW = """
(() => {
  for (const each of document.querySelectorAll('details')) each.open = true;
  const wide = document.documentElement.scrollWidth;
  const out = [...document.querySelectorAll('main *, header *')].filter(e =>
    e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.tagName + ' ' + e.className);
  return {wide, out};
})()
"""
GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for world in (worlds.gated, worlds.slow_hf, hostile.report):
        for lang in ("en", "zh"):
            text = render(world(), 1, lang)
            (folder / f"{world.__name__}.{lang}.html").write_text(text, "ascii")
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 1920])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", ["gated", "slow_hf", "report"])
def test_it_fits_fetches_nothing_and_follows_the_scheme(
    opened: Browser, pages: Path, world: str, lang: Lang, width: int, scheme: Scheme
) -> None:
    url = (pages / f"{world}.{lang}.html").as_uri()
    opened.open(url, width, scheme)
    measured = opened.evaluate(OVERFLOW)
    assert measured == {"wide": width, "out": []}
    assert opened.requests == [url]
    assert opened.complaints == []
    ground = opened.evaluate(GROUND)
    assert ground == {"light": "rgb(245, 246, 248)", "dark": "rgb(14, 17, 22)"}[scheme]


def test_nothing_hostile_ran(opened: Browser, pages: Path) -> None:
    opened.open((pages / "report.en.html").as_uri(), 1024, "light")
    assert (
        opened.evaluate("document.scripts.length + document.images.length + document.forms.length")
        == 0
    )
    assert opened.evaluate("[...document.querySelectorAll('*')].filter(e => "
                           "e.getAttributeNames().some(n => n.startsWith('on'))).length") == 0  # fmt: skip


def test_what_is_folded_on_the_screen_is_on_paper(opened: Browser, pages: Path) -> None:
    opened.open((pages / "gated.en.html").as_uri(), 1024, "light")
    shown = "document.querySelector('.follows').checkVisibility()"
    assert opened.evaluate(shown) is False
    opened.ask("Emulation.setEmulatedMedia", media="print")
    assert opened.evaluate(shown) is True
    printed = base64.b64decode(opened.ask("Page.printToPDF")["data"])
    opened.ask("Emulation.setEmulatedMedia", media="")
    assert printed.startswith(b"%PDF")
