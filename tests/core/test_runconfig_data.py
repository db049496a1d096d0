"""Where a run's rows come from: files, folders and dataset repositories, each with its weight, split and format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from qtune.core import runconfig
from qtune.core.data.files import ENDINGS
from qtune.core.data.fitting import LEARNS
from qtune.core.data.values import Completion, Conversation, Judged, Passage, Preference
from qtune.core.runagreement import LEARNT
from qtune.core.runconfig import DataSource, Defaults, RunConfig
from qtune.core.rundefaults import DATA_NOW
from qtune.core.runproblems import ConfigProblem


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for name in ("train.jsonl", "test.csv", "more.parquet"):
        (tmp_path / "data" / name).write_text("{}\n")
    return tmp_path


def examined(project: Path, text: str) -> tuple[RunConfig | None, tuple[ConfigProblem, ...]]:
    defaults = Defaults("Qwen/Qwen3-4B", Path("runs"), project)
    return runconfig.examine(text, project / "sft.yaml", defaults=defaults)


def loaded(project: Path, text: str) -> RunConfig:
    config, problems = examined(project, text)
    assert config is not None, problems
    return config


def codes(project: Path, text: str) -> list[tuple[str, int]]:
    return [(problem.code, problem.line) for problem in examined(project, text)[1]]


def test_the_files_that_are_looked_for_are_those_that_are_read() -> None:
    assert set(DATA_NOW) == set(ENDINGS)


def test_the_formats_of_a_method_are_those_of_the_rows_it_learns_from() -> None:
    made = {
        "messages": Conversation(()), "sharegpt": Conversation(()), "alpaca": Conversation(()),
        "prompt-completion": Completion("", ""), "text": Passage(""),
        "preference": Preference((), (), ()), "kto": Judged((), (), True),
    }  # fmt: skip
    for method, kinds in LEARNS.items():
        taken = [name for name, row in made.items() if isinstance(row, kinds)]
        assert sorted(LEARNT[method]) == sorted(["auto", *taken]), method


@pytest.mark.spares("CFG007", "CFG009", "CFG012")
def test_a_file_of_each_kind_and_a_folder_are_data(project: Path) -> None:
    text = "data: [data/train.jsonl, data/test.csv, data/more.parquet, data]\n"
    assert [source.path for source in loaded(project, text).data] == [
        project / "data" / "train.jsonl",
        project / "data" / "test.csv",
        project / "data" / "more.parquet",
        project / "data",
    ]


@pytest.mark.triggers("CFG009")
def test_a_folder_without_a_file_of_rows_is_no_data(project: Path) -> None:
    (project / "empty" / "below").mkdir(parents=True)
    (project / "empty" / "README.md").touch()
    assert codes(project, "data: empty\n") == [("CFG009", 1)]
    (project / "empty" / "below" / "rows.json").touch()
    assert loaded(project, "data: empty\n").data[0].path == project / "empty"


@pytest.mark.triggers("CFG012")
def test_a_kind_of_file_that_is_not_read_says_what_to_convert_it_to(project: Path) -> None:
    (project / "rows.xlsx").touch()
    (project / "rows.jsonl.gz").touch()
    assert codes(project, "data: rows.jsonl.gz\n") == []
    (found,) = examined(project, "data: rows.xlsx\n")[1]
    assert found.code == "CFG012"
    assert found.fix is not None and "Parquet" in found.fix.en and "Parquet" in found.fix.zh


@pytest.mark.spares("CFG009", "CFG010", "CFG013")
def test_a_repository_is_named_by_its_id_or_with_all_that_belongs_to_it(project: Path) -> None:
    assert loaded(project, "data: tatsu-lab/alpaca\n").data == (
        DataSource(Path("tatsu-lab/alpaca"), repo_id="tatsu-lab/alpaca"),
    )
    text = """\
data:
  - {repo: o/rows, hub: modelscope, subset: zh, revision: v1.0, split: validation, format: sharegpt, weight: 0.5}
  - path: o/other
    hub: hf
"""
    assert loaded(project, text).data == (
        DataSource(
            Path("o/rows"), "sharegpt", 0.5, "validation", "o/rows", "zh", "modelscope", "v1.0"
        ),
        DataSource(Path("o/other"), repo_id="o/other", hub="hf"),
    )


@pytest.mark.triggers("CFG009")
@pytest.mark.spares("CFG009")
def test_what_lies_here_goes_before_a_repository_of_that_name(project: Path) -> None:
    (project / "o" / "rows").mkdir(parents=True)
    (project / "o" / "rows" / "a.jsonl").touch()
    assert loaded(project, "data: o/rows\n").data[0].repo_id == ""
    assert codes(project, "data: o/rowz\n") == [("CFG009", 1)], "a slip beside it is no repository"
    assert codes(project, "data: p/rows.jsonl\n") == [("CFG009", 1)], (
        "nor is a file that is missing"
    )
    assert loaded(project, "data: p/rows\n").data[0].repo_id == "p/rows"
    assert loaded(project, "data: {repo: o/rows}\n").data[0].repo_id == "o/rows", (
        "unless it is said"
    )


@pytest.mark.triggers("CFG006", "CFG007", "CFG010", "CFG013")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("data: {repo: rows}", "CFG007"),
        ("data: {repo: ../rows/here}", "CFG007"),
        ("data: {repo: 7}", "CFG007"),
        ("data: {repo: [o/rows]}", "CFG006"),
        ("data: {repo: o/rows, path: data}", "CFG010"),
        ("data: {path: data, hub: hf}", "CFG010"),
        ("data: {path: data/train.jsonl, revision: main}", "CFG010"),
        ("data: {repo: o/rows, hub: huggingface}", "CFG007"),
        ("data: {repo: o/rows, subset: ../../etc}", "CFG007"),
        ("data: {repo: o/rows, split: /etc}", "CFG007"),
        ("data: {repo: o/rows, revision: [1]}", "CFG006"),
        ("data: {format: alpaca}", "CFG013"),
        ("data: {path: data, weight: -1}", "CFG007"),
        ("data: {path: data, weight: much}", "CFG006"),
        ("data: {path: data, format: alpacca}", "CFG007"),
        ("data: quickstart\neval_data: []", "CFG007"),
        ("data: quickstart\neval_share: 1", "CFG007"),
        ("data: quickstart\neval_share: 5%", "CFG006"),
        ("data: quickstart\nmax_unusable: 1.5", "CFG007"),
        ("data: quickstart\nstreaming: maybe", "CFG006"),
    ],
)
def test_a_source_that_makes_no_sense_is_one_error(project: Path, line: str, code: str) -> None:
    found = examined(project, f"{line}\n")[1]
    assert [problem.code for problem in found] == [code], found


@pytest.mark.triggers("CFG005")
def test_a_key_of_a_source_that_is_misspelt_is_told_with_the_list_it_stands_in(
    project: Path,
) -> None:
    text = "data: data\neval_data:\n  - {repo: o/rows, spilt: test}\n"
    (found,) = examined(project, text)[1]
    assert (found.code, found.line) == ("CFG005", 3)
    assert "eval_data.spilt" in found.message.en
    assert found.fix is not None and found.fix.en == "Did you mean split?"


@pytest.mark.triggers("CFG010")
@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ("data: data/train.jsonl\neval_data: data/test.csv\neval_share: 0.1\n", 3),
        ("data: [data/train.jsonl, data/test.csv]\neval_data: data/test.csv\n", 2),
        ("data: o/rows\neval_data: {repo: o/rows}\n", 2),
        ("method: dpo\ndata: {path: data, format: alpaca}\n", 2),
        ("method: kto\ndata: [{path: data, format: alpaca}]\n", 2),
        ("data: {path: data, format: text}\n", 1),
        ("data: data/train.jsonl\neval_data: {path: data, format: kto}\n", 2),
    ],
)
def test_data_that_does_not_go_with_the_rest_is_a_contradiction(
    project: Path, lines: str, line: int
) -> None:
    assert codes(project, lines) == [("CFG010", line)]


@pytest.mark.spares("CFG010")
@pytest.mark.parametrize(
    "lines",
    [
        "data: o/rows\neval_data: {repo: o/rows, split: test}\n",
        "method: dpo\ndata: {path: data, format: preference}\neval_share: 0.05\n",
        "method: kto\ndata: [{path: data, format: kto}, {path: data, format: preference}]\n",
        "method: pt\ndata: {path: data, format: text}\n",
        "data: [{path: data, weight: 3}, quickstart]\nmax_unusable: 1\nstreaming: true\n",
    ],
)
def test_data_that_goes_with_the_rest_is_no_contradiction(project: Path, lines: str) -> None:
    assert codes(project, lines) == []


def test_every_source_reads_back_from_the_record_to_itself(project: Path) -> None:
    text = """\
data:
  - {repo: o/rows, hub: hf, subset: zh, revision: main, split: test, format: alpaca, weight: 2}
  - data/train.jsonl
eval_data: data/test.csv
max_unusable: 0
streaming: true
"""
    config = loaded(project, text)
    assert runconfig.restore(runconfig.resolved(config)) == config
    assert loaded(project, yaml.safe_dump(runconfig.recorded(config))) == config
    assert config.max_unusable == 0


def test_where_a_repository_lies_is_told_to_the_child_and_kept_out_of_the_record(
    project: Path,
) -> None:
    config = loaded(project, "data: {repo: o/rows, revision: main}\n")
    here = replace(config, data=(replace(config.data[0], path=project / "snapshot"),))
    assert runconfig.restore(runconfig.resolved(here)) == here
    assert str(project) not in yaml.safe_dump(runconfig.recorded(here)["data"])
    assert loaded(project, yaml.safe_dump(runconfig.recorded(here))) == config
