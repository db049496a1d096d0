"""What the site adds to `docs/`: every rule in the navigation, each page's other language, pages from outside `docs/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
# Files beside docs/ that its pages may link to.
OUTSIDE = ("CHANGELOG.md", "CONTRIBUTING.md")

# The prefixes along the road; one that is missing here stands behind them, by its own name.
AREAS = {
    "NET": ("Network", "网络"),
    "HUB": ("Hubs", "下载源"),
    "TOK": ("Tokens", "Token"),
    "GATE": ("Access", "访问权限"),
    "GPU": ("GPU", "GPU"),
    "MEM": ("Memory", "内存与显存"),
    "DSK": ("Disk", "磁盘"),
    "PKG": ("Packages", "依赖包"),
    "ENV": (".env", ".env"),
    "CFG": ("Run configuration", "训练配置"),
    "DAT": ("Data", "数据"),
    "SRC": ("Source code", "源代码"),
    "DWN": ("Downloading", "下载"),
    "TRN": ("Training", "训练"),
}
_CODE = re.compile(r"(?P<prefix>[A-Z]{3,4})\d{3}\Z")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    assert config.nav is not None
    docs = Path(config.docs_dir)
    named = set(re.findall(r"[\w./-]+\.md", str(config.nav)))
    others = sorted(path.name for path in docs.glob("*.md") if path.name not in named)
    config.nav = [filled(entry, docs, others) for entry in config.nav]
    return config


def filled(entry: Any, docs: Path, others: list[str]) -> Any:
    """`entry` of the navigation, with all rules behind the page that lists them, and pages that it forgot."""
    if not isinstance(entry, dict):
        return entry
    ((title, below),) = entry.items()
    if not isinstance(below, list):
        return entry
    pages = [filled(each, docs, others) for each in below]
    for index, chinese in (("rules/README.md", False), ("rules/README.zh.md", True)):
        if index in pages:
            pages += rules(docs, chinese)
    for last, chinese in (("architecture.md", False), ("memory.zh.md", True)):
        if last in pages:
            at = pages.index(last) + 1
            pages[at:at] = [name for name in others if name.endswith(".zh.md") == chinese]
    if "architecture.md" in pages:
        pages += decisions(docs)
        pages.append({"The project": [f"project/{name}" for name in OUTSIDE]})
    return {title: pages}


def rules(docs: Path, chinese: bool) -> Iterator[Any]:
    suffix = ".zh.md" if chinese else ".md"
    named = sorted(path.name for path in (docs / "rules").glob("*.md"))
    languages = [name for name in named if name.endswith(".zh.md") == chinese]
    by_prefix: dict[str, list[str]] = {prefix: [] for prefix in AREAS}
    others = []
    for name in languages:
        code = _CODE.match(name.removesuffix(suffix))
        if code is not None:
            by_prefix.setdefault(code["prefix"], []).append(f"rules/{name}")
        elif not name.startswith("README."):
            others.append(f"rules/{name}")
    yield from others
    for prefix, pages in by_prefix.items():
        if pages:
            title = AREAS.get(prefix, (prefix, prefix))[chinese]
            yield {title if title == prefix else f"{title} ({prefix})": pages}


def decisions(docs: Path) -> Iterator[Any]:
    pages = sorted(f"decisions/{path.name}" for path in (docs / "decisions").glob("*.md"))
    if pages:
        yield {"Decisions": pages}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name in OUTSIDE:
        text = (ROOT / name).read_text("utf-8")
        files.append(File.generated(config, f"project/{name}", content=inside(text, "project")))
    return files


def inside(text: str, folder: str) -> str:
    """A page from the root of the repository, its links those of a page in `folder` of the site."""
    up = "../" * len(Path(folder).parts)
    text = re.sub(r"\]\(docs/", f"]({up}", text)
    for name in OUTSIDE:
        text = text.replace(f"]({name}", f"]({up}project/{name}")
    return text


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    uri = page.file.src_uri
    if not uri.startswith("project/"):
        markdown = _UP.sub(lambda link: outward(link, uri, config), markdown)
    other = twin(uri)
    if files.get_file_from_path(other) is None or f"]({Path(other).name})" in markdown[:400]:
        return markdown
    head, _, rest = markdown.partition("\n")
    words = "English" if uri.endswith(".zh.md") else "中文"
    return f"{head}\n\n[{words}]({Path(other).name})\n{rest}"


_UP = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<target>(?:\.\./)+[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def outward(link: re.Match[str], uri: str, config: MkDocsConfig) -> str:
    """A link that leaves docs/: to the page's copy in the site, to the repository, or, where none is named, its words."""
    target = ((ROOT / "docs" / uri).parent / link["target"]).resolve()
    if not target.is_relative_to(ROOT) or target.is_relative_to(ROOT / "docs"):
        return link[0]
    path = target.relative_to(ROOT).as_posix()
    if path in OUTSIDE:
        return f"[{link['words']}]({'../' * uri.count('/')}project/{path}{link['anchor'] or ''})"
    if not target.exists():
        return link[0]  # which the strict build then refuses
    if config.repo_url:
        return f"[{link['words']}]({config.repo_url.rstrip('/')}/blob/HEAD/{path}{link['anchor'] or ''})"
    return link["words"]


def twin(uri: str) -> str:
    """The same page in the other language."""
    if uri.endswith(".zh.md"):
        return uri.removesuffix(".zh.md") + ".md"
    return uri.removesuffix(".md") + ".zh.md"


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The theme speaks one language; a page says which one it is in."""
    if not page.file.src_uri.endswith(".zh.md"):
        return output
    for english, chinese in _THEME.items():
        output = output.replace(english, chinese)
    return output


# What the theme itself says on a page.
_THEME = {
    '<html lang="en"': '<html lang="zh-CN"',
    "Table of contents": "目录",
    "Back to top": "回到顶部",
    "Skip to content": "跳到正文",
    'placeholder="Search"': 'placeholder="搜索"',
    'aria-label="Search"': 'aria-label="搜索"',
}
