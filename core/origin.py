"""Where a value came from, and how far that place is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from qtune.core.text import Text


class Level(IntEnum):
    """Precedence and trust at once: a greater level overrides a smaller one and is trusted more.

    PROJECT stands low because a cloned repository brings its own `.env`.
    """

    DEFAULT = 0
    PROJECT = 1
    USER = 2
    ENVIRON = 3
    FLAG = 4


@dataclass(frozen=True)
class Origin:
    """`name` is the variable or option as the user wrote it; `line` is 1-based."""

    level: Level
    name: str = ""
    path: Path | None = None
    line: int | None = None

    def describe(self) -> Text:
        if self.path is not None and self.line is not None:
            return Text(f"{self.path.name} line {self.line}", f"{self.path.name} 第 {self.line} 行")
        if self.path is not None:
            return Text(f"the file {self.path}", f"文件 {self.path}")
        if self.level is Level.ENVIRON:
            return Text(f"the environment variable {self.name}", f"环境变量 {self.name}")
        if self.level is Level.FLAG:
            return Text(f"the option {self.name}", f"命令行选项 {self.name}")
        if self.level is Level.USER:
            return Text("the system's settings", "系统设置")
        return Text("the default", "默认值")


DEFAULT = Origin(Level.DEFAULT)
