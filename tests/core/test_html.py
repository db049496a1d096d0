"""The page: nothing that is put into it becomes markup, nothing is fetched, its colours can be read."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from qtune.core.bars import Piece, bar
from qtune.core.html import Markup, Section, element, escaped, inner, link, page, table
from qtune.core.secret import Secret
from tests.markup import tree

HEAD = element("h1", "title")


def test_text_is_escaped_as_content_and_as_an_attribute() -> None:
    made = element("p", '<b>&"', title="\"'><script>", data_x="&lt;")
    assert made.html == (
        '<p title="&quot;&#x27;&gt;&lt;script&gt;" data-x="&amp;lt;">&lt;b&gt;&amp;&quot;</p>'
    )


def test_markup_is_kept_and_lists_are_joined() -> None:
    assert inner(["a", None, Markup("<i>b</i>"), ["<"]]) == "a<i>b</i>&lt;"


def test_attributes_without_a_value_and_those_that_are_none() -> None:
    assert element("details", open=True, id=None, hidden=False).html == "<details open></details>"


def test_what_is_no_character_becomes_a_mark() -> None:
    unfit = "\x00\x1b\x7f\x9b\u202e\u200b\ud800\udfff\ufffe\uffff\ufdd0\U0010ffff\U0001fffe\r"
    assert escaped(unfit) == "\ufffd" * len(unfit)
    assert escaped("a\tb\r\nc") == "a b\nc"
    assert escaped("汉字 🙂 é") == "汉字 🙂 é"


def test_a_secret_is_masked_before_it_is_escaped() -> None:
    Secret("a<&secret>that-is-long-0123")
    assert escaped("x a<&secret>that-is-long-0123 y") == "x …0123 y"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", "/x", "",
     " https://a.example", "https://a.example/\n", "https://a b", 'https://a"onclick=x', "vbscript:x"],
)  # fmt: skip
def test_what_is_no_web_address_is_shown_and_not_linked(url: str) -> None:
    assert link(url).html.startswith("<code>")


def test_a_web_address_is_linked_without_telling_where_from() -> None:
    assert link("https://a.example/?b=1&c=2", "go").html == (
        '<a href="https://a.example/?b=1&amp;c=2" rel="noopener noreferrer">go</a>'
    )


def test_a_page_is_ascii_and_says_what_it_is() -> None:
    text = page("标题 <", "zh", HEAD, [Section("one", "一", element("p", "汉字 \U0001f642"))])
    assert text.isascii() and text.startswith("<!DOCTYPE html>\n") and text.endswith("\n")
    read = tree(text)
    assert read.attribute("html", "lang") == "zh-CN"
    assert read.text("title") == "标题 <"
    assert "汉字 \U0001f642" in read.text("main")
    assert read.attribute("a", "href") == "#report"  # the first link leads past the head


def test_every_link_of_the_contents_leads_somewhere() -> None:
    sections = [Section(name, name, "body") for name in ("one", "two")]
    read = tree(page("x", "en", HEAD, sections))
    assert [href for href in read.all("a", "href") if href[1:] not in read.all_ids()] == []
    assert read.all("section", "aria-labelledby") == ["one-title", "two-title"]


def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    text = page("x", "en", HEAD, [])
    found = re.search(r"<style>(.*?)</style>", text, re.S)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    policy = tree(text).attribute("meta", "content", http_equiv="Content-Security-Policy")
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_the_style_fetches_nothing() -> None:
    style = page("x", "en", HEAD, [])
    for word in ("url(", "@import", "@font-face", "http://", "https://", "src="):
        assert word not in style


def test_a_table_names_its_rows_and_columns() -> None:
    text = table(("a", "b"), [("1", "2"), ("3", "4")]).html
    assert text.count('scope="col"') == 2 and text.count('scope="row"') == 2


# --- bars -----------------------------------------------------------------------------------------


def test_a_bar_stays_within_its_width_and_what_is_short_can_be_seen() -> None:
    drawn = bar([Piece(-1, 0.0001), Piece(0.5, 9), Piece(7, 1)]).html
    numbers = [float(n) for n in re.findall(r'="(\d+\.\d+)%"', drawn)]
    starts, lengths = numbers[::2], numbers[1::2]
    assert starts == [0.0, 50.0, 99.6]
    assert lengths == [0.4, 50.0, 0.4]


def test_a_bar_is_silent_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in bar([Piece(0, 1)]).html
    assert 'role="img" aria-label="half"' in bar([Piece(0, 0.5)], label="half").html


# --- colours --------------------------------------------------------------------------------------


def colours(style: str) -> tuple[dict[str, str], dict[str, str]]:
    """The names of the light and of the dark scheme."""
    light, dark = re.findall(r":root \{(.*?)\}", style, re.S)[:2]
    named = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return named, {**named, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark))}


def contrast(one: str, other: str) -> float:
    """As WCAG 2 reckons it."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(scheme: int) -> None:
    named = colours(page("x", "en", HEAD, []))[scheme]
    words = ("text", "dim", "error", "warning", "info", "ok", "link")
    pairs = [(word, ground) for word in words for ground in ("ground", "card", "code")]
    pairs += [("on-bar", f"p{number}") for number in range(1, 9)] + [("text", "held")]
    weak = [(a, b) for a, b in pairs if contrast(named[a], named[b]) < 4.5]
    assert weak == []
    assert contrast(named["bar"], named["card"]) >= 3  # what is no text
    assert contrast(named["error"], named["card"]) >= 3
