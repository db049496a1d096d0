"""Help and the words for a misused command, in the user's language and as wide as the terminal."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from qtune.cli import COMMANDS
from tests.commands.conftest import Shell


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_page_fits_and_is_in_one_language(shell: Shell, command: str, language: str) -> None:
    for width in (50, 80, 200):
        words = [*command.split(), "--help"]
        done = shell.qtune(*words, QTUNE_LANG=language, COLUMNS=str(width))
        assert done.returncode == 0
        lines = done.stdout.splitlines()
        assert max(map(cell_len, lines)) <= max(52, width)
        assert all(line == line.rstrip() for line in lines)
        assert lines[0].startswith("Usage: qtune" if language == "en" else "用法：qtune")
        headings = {line for line in lines if line.endswith((":", "：")) and line[0] != " "}
        assert headings <= ({"Options:", "Commands:"} if language == "en" else {"选项：", "命令："})
        told = "Show this page and exit." if language == "en" else "显示本页并退出。"
        assert "".join(told.split()) in "".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "en", "zh"),
    [
        (("doctor", "--fux"), "No such option '--fux'", "没有选项 --fux"),
        (("run",), "Missing argument", "缺少参数 RUN.yaml|DIR|quickstart"),
        (("explain",), "Missing argument", "缺少参数 CODE"),
        (("doctor", "--timeout"), "requires an argument", "选项 --timeout 需要一个值"),
        (("doctor", "--fix=1"), "does not take a value", "选项 --fix 不接受值"),
        (("doctor", "a/b", "c/d"), "unexpected extra argument (c/d)", "多余的参数：c/d"),
        (("doctor", "--timeout", "nan"), "'nan' is not a number above 0.", "不是大于 0 的数字"),
        (
            ("doctor", "--fail-on", "x"),
            "is not one of 'error', 'warning', 'never'",
            "--fail-on 的值无效：只能是 error、warning、never 之一",
        ),
    ],
)
def test_a_misused_command_is_told_what_is_wrong(
    shell: Shell, arguments: tuple[str, ...], en: str, zh: str
) -> None:
    for language, words in (("en", en), ("zh", zh)):
        done = shell.qtune(*arguments, QTUNE_LANG=language)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
