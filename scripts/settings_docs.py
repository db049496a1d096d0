"""`.env.example` and `docs/settings*.md`, from the table of settings."""

from __future__ import annotations

from collections.abc import Iterator

from qtune.commands.starter import GROUPS, assignment
from qtune.core.table import TABLE
from qtune.core.text import Lang, Text
from scripts import runconfig_docs


def files() -> Iterator[tuple[str, str]]:
    yield ".env.example", example()
    yield "docs/settings.md", page("en")
    yield "docs/settings.zh.md", page("zh")


def example() -> str:
    """A `.env` in which every line is a comment, save the FAQ's recommended ones."""
    lines = [
        "# qtune reads this file as .env; `qtune doctor` says what belongs in it, `qtune doctor --fix` writes it.",
        "# The process environment beats it. docs/settings.md explains every key.",
        "# 将本文件复制为 .env；`qtune doctor` 会给出建议，`qtune doctor --fix` 会写入。环境变量优先于本文件。",
    ]
    for row in TABLE:
        title = GROUPS.get(row.key)
        if title is not None:
            rule = title.en if title.en == title.zh else f"{title.en} · {title.zh}"
            lines += ["", f"# --- {rule} ---"]
        lines += ["", f"# {row.summary.en}", f"# {row.summary.zh}", assignment(row)]
    return "\n".join(lines) + "\n"


_WORDS = {
    "title": Text("Settings", "设置"),
    "intro": Text(
        "Every key qtune reads. A value comes from the first of these that names it: an option of the command, the\n"
        "process environment, your own `config.env` (`qtune env` shows where it lies), the project's `.env`, the\n"
        "default. `qtune env` prints each value with its origin. An empty value counts as not set.",
        "qtune 读取的全部设置项。取值顺序：命令行选项、环境变量、用户自己的 `config.env`（`qtune env` 会显示其位置）、\n"
        "项目的 `.env`、默认值。`qtune env` 会列出每一项的值及其来源。留空视为未设置。",
    ),
    "default": Text("Default", "默认值"),
    "choices": Text("One of", "可选值"),
    "read_by": Text("Read by", "读取者"),
    "aliases": Text("Also read as", "别名"),
    "secret": Text("A secret: shown masked everywhere.", "敏感信息：任何输出中都只显示掩码。"),
    "unset": Text("not set", "未设置"),
}


def page(lang: Lang) -> str:
    def say(word: str) -> str:
        return _WORDS[word].to(lang)

    lines = [
        f"# {say('title')}",
        "",
        "<!-- made by scripts/generate.py from core/table.py and core/rundefaults.py -->",
        "",
        say("intro"),
    ]
    for row in TABLE:
        title = GROUPS.get(row.key)
        if title is not None:
            lines += ["", f"## {title.to(lang)}"]
        lines += [
            "",
            f"### `{row.key}`",
            "",
            row.summary.to(lang) + (" " if lang == "en" else "") + row.why.to(lang),
            "",
        ]
        lines.append(
            f"- {say('default')}: " + (f"`{row.default}`" if row.default else say("unset"))
        )
        if row.choices:
            lines.append(
                f"- {say('choices')}: " + ", ".join(f"`{choice}`" for choice in row.choices)
            )
        if row.aliases:
            lines.append(f"- {say('aliases')}: " + ", ".join(f"`{name}`" for name in row.aliases))
        lines.append(f"- {say('read_by')}: " + ", ".join(f"`{reader}`" for reader in row.read_by))
        if row.secret:
            lines.append(f"- {say('secret')}")
    return "\n".join((*lines, *runconfig_docs.section(lang))) + "\n"
