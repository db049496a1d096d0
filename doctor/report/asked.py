"""What a report was asked for, in its reader's words: the command, what it is about, and to what end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtune.core.text import Lang, Text

if TYPE_CHECKING:
    from qtune.doctor.facts import Facts, Goal

DOCTOR = "qtune doctor"
CHECK = "qtune check"
GOALS = {
    "download": Text("to download", "下载"),
    "train": Text("to train", "训练"),
    "push": Text("to push", "上传"),
    "check": Text("judged by text alone", "仅检查文件内容"),
}
_NAMED = 5  # files; a commit may hold hundreds


def command_of(facts: Facts) -> str:
    return CHECK if facts.goal.kind == "check" else DOCTOR


def subject(goal: Goal, lang: Lang) -> tuple[list[str], str]:
    """What was examined: the model and its run config, or the files; and how many more there are, in words."""
    if goal.kind != "check":
        return [goal.model, *([goal.run_config] if goal.run_config else [])], ""
    more = len(goal.files) - _NAMED
    rest = Text(f"{more} more", f"另有 {more} 个文件").to(lang) if more > 0 else ""
    return [*goal.files[:_NAMED]] or [""], rest
