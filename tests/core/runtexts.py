"""Run configs as text, for tests: what they are read as, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

from qtune.core import runconfig
from qtune.core.runconfig import Defaults, RunConfig
from qtune.core.runproblems import ConfigProblem


def examined(folder: Path, *lines: str) -> tuple[RunConfig | None, tuple[ConfigProblem, ...]]:
    """A run config in `folder` that begins with its data."""
    text = "\n".join(("data: quickstart", *lines, ""))
    defaults = Defaults("Qwen/Qwen3-4B", Path("runs"), folder)
    return runconfig.examine(text, folder / "sft.yaml", defaults=defaults)


def loaded(folder: Path, *lines: str) -> RunConfig:
    config, problems = examined(folder, *lines)
    assert config is not None, problems
    return config


def codes(folder: Path, *lines: str) -> list[tuple[str, int]]:
    return [(problem.code, problem.line) for problem in examined(folder, *lines)[1]]


def only(folder: Path, *lines: str) -> ConfigProblem:
    _, problems = examined(folder, *lines)
    assert len(problems) == 1, problems
    return problems[0]
