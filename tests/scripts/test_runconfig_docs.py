"""The examples of docs/settings are run configs that are read without a word against them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core import runconfig
from qtune.core.runconfig import Defaults
from qtune.core.text import Lang
from scripts.runconfig_docs import EXAMPLES, section


@pytest.mark.parametrize("example", [example for _, example in EXAMPLES])
def test_an_example_is_a_run_config(tmp_path: Path, example: str) -> None:
    for name in ("data/train.jsonl", "data/pairs.parquet", "corpus/a.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "runs/sft-merged").mkdir(parents=True)
    (tmp_path / "runs/sft-merged/config.json").write_text("{}")
    defaults = Defaults("a/b", Path("runs"), tmp_path)
    config, problems = runconfig.examine(example, tmp_path / "run.yaml", defaults=defaults)
    assert config is not None and problems == ()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_row_of_a_table_has_the_cells_of_its_head(lang: Lang) -> None:
    width = 0
    for line in section(lang):
        if not line:
            width = 0
        elif set(line) == {"|", "-"}:
            width = line.count("|")
        elif width:
            assert line.count("|") == width, line
