"""Every place a value can come from is named so that a user finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.origin import DEFAULT, Level, Origin


def test_a_greater_level_is_trusted_more() -> None:
    assert Level.DEFAULT < Level.PROJECT < Level.USER < Level.ENVIRON < Level.FLAG


@pytest.mark.parametrize(
    ("origin", "en", "zh"),
    [
        (DEFAULT, "the default", "默认值"),
        (Origin(Level.PROJECT, "K", Path("/p/.env"), 7), ".env line 7", ".env 第 7 行"),
        (
            Origin(Level.USER, "K", Path("/u/config.env"), 1),
            "config.env line 1",
            "config.env 第 1 行",
        ),
        (Origin(Level.USER, path=Path("/u/token")), "the file /u/token", "文件 /u/token"),
        (Origin(Level.ENVIRON, "hf_home"), "the environment variable hf_home", "环境变量 hf_home"),
        (Origin(Level.FLAG, "--timeout"), "the option --timeout", "命令行选项 --timeout"),
        (Origin(Level.USER, "SYSTEM"), "the system's settings", "系统设置"),
    ],
)
def test_an_origin_says_where_to_look(origin: Origin, en: str, zh: str) -> None:
    assert (origin.describe().en, origin.describe().zh) == (en, zh)
