"""Every relative link in the documentation leads somewhere, and both languages say the same commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)[^)]*\)")
_FENCE = re.compile(r"^```.*?^```", re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = _LINK.findall(_FENCE.sub("", page.read_text("utf-8")))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("README.md", "README.zh-CN.md"),
        ("docs/faq.md", "docs/faq.zh.md"),
        ("docs/quickstart.md", "docs/quickstart.zh.md"),
    ],
)
def test_both_languages_give_the_same_commands(english: str, chinese: str) -> None:
    def commands(name: str) -> list[str]:
        fences = re.findall(r"^```bash\n(.*?)^```", (ROOT / name).read_text("utf-8"), re.M | re.S)
        return [
            re.sub(r"\s*#.*", "", line)
            for fence in fences
            for line in fence.splitlines()
            if line.strip()
        ]

    assert commands(english) == commands(chinese) != []


@pytest.mark.parametrize(("page", "lang"), [("README.md", "en"), ("README.zh-CN.md", "zh")])
def test_the_report_in_the_readme_is_the_one_that_is_printed(page: str, lang: str) -> None:
    """The same file is compared with the renderer's output in tests/doctor/report."""
    screen = ROOT / f"tests/doctor/report/screens/silent_hf.{lang}.80.txt"
    assert f"```text\n{screen.read_text('utf-8')}```" in (ROOT / page).read_text("utf-8")
