"""The picture of a report: whole SVG, nothing fetched, every piece of text in its terminal's column."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.segment import Segment

from qtune.doctor.report.layout import WIDEST_TEXT
from scripts.report_picture import WIDTH, drawn, files
from tests.browser import PROGRAM, browser

PICTURES = dict(files())
TEXT = "{http://www.w3.org/2000/svg}text"


@pytest.mark.parametrize("name", PICTURES)
def test_it_fetches_nothing_and_says_what_it_shows(name: str) -> None:
    text = PICTURES[name]
    assert text.count("://") == 1  # the name of SVG itself
    assert not re.search(r"url\(|@import|@font-face|<script|href", text)
    title = ElementTree.fromstring(text).findtext("{http://www.w3.org/2000/svg}title", "")
    assert "Hugging Face" in title


@pytest.mark.parametrize("name", PICTURES)
def test_every_piece_stands_in_a_column_within_the_window(name: str) -> None:
    root = ElementTree.fromstring(PICTURES[name])
    for piece in root.iter(TEXT):
        column = (float(piece.attrib["x"]) - 18) / 8.4
        cells = float(piece.attrib["textLength"]) / 8.4
        assert abs(column - round(column)) < 0.02 and abs(cells - round(cells)) < 0.02
        assert column + cells <= WIDTH + 0.02 <= WIDEST_TEXT


def test_words_after_chinese_begin_where_a_terminal_puts_them() -> None:
    root = ElementTree.fromstring(drawn([[Segment("下载 ok")]], "title"))
    pieces = [(e.text, e.attrib["x"], e.attrib["textLength"]) for e in root.iter(TEXT)]
    assert pieces == [("下载", "18.0", "33.6"), ("ok", "60.0", "16.8")]


def test_text_is_escaped() -> None:
    root = ElementTree.fromstring(drawn([[Segment("<b>&\"'")]], "<&>"))
    assert [e.text for e in root.iter(TEXT)] == ["<b>&\"'"]


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")
def test_a_browser_draws_no_piece_over_the_next(tmp_path: Path) -> None:
    overlapping = """
    (() => {
      const rows = {};
      for (const t of document.querySelectorAll('text')) (rows[t.getAttribute('y')] ??= []).push(t.getBBox());
      return Object.values(rows).flatMap(row => row.slice(1).filter((b, n) => row[n].x + row[n].width > b.x + 1)).length;
    })()
    """
    with browser(tmp_path / "profile") as opened:
        for name, text in PICTURES.items():
            path = tmp_path / Path(name).name
            path.write_text(text, "utf-8")
            opened.open(path.as_uri(), 1024, "dark")
            assert opened.evaluate("document.querySelectorAll('text').length") > 50
            assert opened.evaluate(overlapping) == 0
            assert opened.requests == [path.as_uri()]
