"""The documentation as a site: it builds without a warning, fetches nothing, and reads as it does on GitHub."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import markdown
import pytest
from markdown_it import MarkdownIt
from mkdocs.config import load_config

from scripts.site_text import portable
from tests.browser import PROGRAM, Browser, browser

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
# Generated from one pattern: a page of each family is enough to look at.
LOOKED_AT = (
    "index",
    "README.zh",
    "faq.zh",
    "settings",
    "rules/README.zh",
    "rules/TOK303",
    "ci.zh",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


def address(page: Path) -> Path:
    inside = page.relative_to(ROOT / "docs")
    return inside.with_name("index.html" if inside.name == "README.md" else f"{inside.stem}.html")


def test_every_page_is_in_the_site_and_in_its_navigation(site: Path) -> None:
    missing = [page for page in DOCS if not (site / address(page)).is_file()]
    assert missing == []
    assert (site / "project/CONTRIBUTING.html").is_file()


def test_a_rules_page_leads_to_its_other_language(site: Path) -> None:
    english = (site / "rules/TOK303.html").read_text("utf-8")
    chinese = (site / "rules/TOK303.zh.html").read_text("utf-8")
    assert '<a href="TOK303.zh.html">中文</a>' in english
    assert '<a href="TOK303.html">English</a>' in chinese
    assert '<html lang="en"' in english and '<html lang="zh-CN"' in chinese


def test_a_link_to_a_file_beside_docs_leads_into_the_site(site: Path) -> None:
    assert 'href="project/CONTRIBUTING.html"' in (site / "index.html").read_text("utf-8")


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(?:https?:)?//', re.I)
    for page in site.rglob("*.html"):
        assert not fetched.search(page.read_text("utf-8")), page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", style.read_text("utf-8")), style


# --- the text -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def converter() -> Iterator[markdown.Markdown]:
    config = load_config(str(ROOT / "mkdocs.yml"))
    yield markdown.Markdown(
        extensions=config.markdown_extensions, extension_configs=config.mdx_configs
    )


def shape(html: str) -> Counter[str]:
    return Counter(re.findall(r"<(li|pre|table|tr|h[1-6]|ol|ul|strong|em|blockquote)\b", html))


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_a_page_has_the_same_parts_as_on_github(page: Path, converter: markdown.Markdown) -> None:
    text = page.read_text("utf-8")
    github = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert shape(converter.reset().convert(portable(text))) == shape(github)


def test_chinese_goes_on_without_a_blank() -> None:
    assert portable("细粒度\n（fine-grained）\nToken") == "细粒度（fine-grained）\nToken"
    assert portable("# 标题\n正文\n\n| 表 |\n| 格 |\n\n```\n码\n码\n```") == (
        "# 标题\n正文\n\n| 表 |\n| 格 |\n\n```\n码\n码\n```"
    )


def test_an_items_code_stays_in_the_item() -> None:
    assert (
        portable("1. one\n\n   ```\n   x\n   ```\n\nafter")
        == "1. one\n\n    ```\n    x\n    ```\n\nafter"
    )
    assert portable("```\n- a\n  b\n```") == "```\n- a\n  b\n```"


def test_a_list_may_follow_a_paragraph_at_once() -> None:
    assert portable("words\n- a\n- b") == "words\n\n- a\n- b"
    assert portable("not before\n12. It was") == "not before\n12. It was"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://a.example/b, too", "see <https://a.example/b>, too"),
        ("见 https://a.example；另见", "见 <https://a.example>；另见"),
        ("`https://a.example` and HF_ENDPOINT=https://a.example", None),
        ("<https://a.example> [x](https://a.example) http://host:port", None),
        ("```\nhttps://a.example\n```", None),
    ],
)
def test_a_bare_address_is_a_link_up_to_where_it_ends(text: str, expected: str | None) -> None:
    assert portable(text) == (text if expected is None else expected)


# --- in a browser ---------------------------------------------------------------------------------

SCHEME = "document.body.dataset.mdColorScheme"
OUTSIDE = """
[...document.querySelectorAll('.md-content *')].filter(each =>
  each.getBoundingClientRect().right > innerWidth + 1 &&
  !each.closest('pre, .md-typeset__scrollwrap')).map(each => each.outerHTML.slice(0, 80))
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [390, 1024, 1920])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_page_fits_and_asks_nobody(opened: Browser, site: Path, name: str, width: int) -> None:
    opened.open((site / f"{name}.html").as_uri(), width, "dark" if width == 1024 else "light")
    assert opened.evaluate(OUTSIDE) == []
    assert opened.evaluate(SCHEME) == ("slate" if width == 1024 else "default")
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []


FOUND = """
(async () => {
  for (let n = 0; n < 100; n++) {
    const found = [...document.querySelectorAll('.md-search-result__link')].map(each => each.pathname);
    if (found.length) return found;
    await new Promise(done => setTimeout(done, 50));
  }
  return [];
})()
"""


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("rate limit", "/rules/HUB208.html"),
        ("许可协议", "/rules/GATE402.zh.html"),
        ("GPU504", "/rules/GPU504.html"),
    ],
)
def test_the_search_finds_words_of_either_language(
    opened: Browser, served: str, words: str, page: str
) -> None:
    opened.open(f"{served}/index.html?q={quote(words)}", 1400, "light")
    assert page in opened.evaluate(FOUND)
