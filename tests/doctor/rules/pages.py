"""What every page owes its reader."""

from __future__ import annotations

import re

from qtune.doctor.rule import Rule


def complaints(rule: Rule) -> list[str]:
    """Everything that is missing from, or broken in, the page of a rule."""
    page = rule.page
    said: list[str] = []
    for part in ("what", "why", "detect", "mend", "verify"):
        text = getattr(page, part)
        if not text.en.strip() or not text.zh.strip():
            said.append(f"{part} is empty")
        if re.search("[\u4e00-\u9fff]", text.en):
            said.append(f"{part}: Chinese in the English text")
        if not re.search("[\u4e00-\u9fff]", text.zh):
            said.append(f"{part}: no Chinese in the Chinese text")
        for language in (text.en, text.zh):
            if language.count("```") % 2:
                said.append(f"{part}: a code fence stays open")
            if fences(language) != fences(text.en):
                said.append(f"{part}: the two languages show different commands")
    if any(not source.startswith("https://") for source in page.sources):
        said.append("a source is no address")
    if not re.search("[\u4e00-\u9fff]", rule.title.zh) or not rule.title.en:
        said.append("the title is not in both languages")
    return said


def fences(markdown: str) -> list[str]:
    """The commands and `.env` lines shown, without their comments."""
    blocks = re.findall(r"```\w*\n(.*?)```", markdown, re.S)
    return [
        line.split(" #")[0].strip()
        for block in blocks
        for line in block.splitlines()
        if line.strip() and not line.strip().startswith("#")
    ]
