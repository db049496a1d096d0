"""A run config against the GPU that the doctor saw last: the same rules, the report's age told."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qtune.core import memory
from qtune.core.architecture import Architecture, positions
from qtune.core.smaller import QWEN3
from qtune.core.text import Text
from qtune.core.workload import Workload
from qtune.doctor.documents.check import check
from qtune.doctor.documents.run import budget
from qtune.doctor.documents.world import World
from qtune.doctor.facts import Facts, Goal, Known, Listing
from qtune.doctor.finding import Finding
from qtune.doctor.lastreports import LastReport
from qtune.doctor.rules import one
from tests.doctor.build import healthy

QWEN = "Qwen/Qwen3-4B"
HEAD = f"model: {QWEN}\ndata: quickstart\n"


def facts(free: int = 24, model: str = QWEN, of: Architecture = QWEN3[QWEN]) -> Facts:
    listing = Known(Listing("a" * 40, 12, 8_060_000_000, 0, "w", 4_000_000_000, of.model_type, of))
    whole = healthy(
        goal=Goal("train", model), listing={"huggingface": listing, "modelscope": listing}
    )
    assert isinstance(whole.accelerator, Known)
    seen = whole.accelerator.value
    cards = tuple(replace(g, memory_total=free << 30, memory_free=free << 30) for g in seen.gpus)
    return replace(whole, accelerator=Known(replace(seen, gpus=cards)))


def world(*known: Facts, hours: float = 3) -> World:
    taken = datetime.now(UTC) - timedelta(hours=hours)
    reports = [LastReport(one_, (), taken) for one_ in known]

    def find(model: str | None) -> LastReport | None:
        about = [r for r in reports if model is None or r.facts.goal.model == model]
        return about[0] if about else None

    return World({}, find)


def found(text: str, beside: World, root: Path = Path()) -> list[Finding]:
    return list(check(text, root / "sft.yaml", root, world=beside).findings)


def codes(text: str, beside: World) -> list[str]:
    return [finding.code for finding in found(text, beside)]


@pytest.mark.triggers("MEM950")
@pytest.mark.spares("MEM950")
def test_a_run_that_does_not_fit_is_told_at_its_length_with_the_age_of_the_report() -> None:
    text = HEAD + "max_length: 16384\n"
    (finding,) = found(text, world(facts(12)))
    assert finding.code == "MEM950" and finding.because is None
    assert finding.span is not None
    place = (finding.span.line, finding.span.column, finding.span.end_line, finding.span.end_column)
    assert place == (3, 13, 3, 18)
    assert finding.evidence[-1].en == "as `qtune doctor` saw it 3 h ago"
    assert codes(text, world(facts(80))) == []
    assert codes(text, World()) == []
    assert codes(text, world()) == []


def test_the_finding_is_the_doctors_own() -> None:
    text = HEAD + "max_length: 16384\ntraining: {per_device_train_batch_size: 4}\n"
    (finding,) = found(text, world(facts(12)))
    run = Workload(max_length=16384, batch=4)
    rule = one("MEM950")
    assert rule is not None
    (doctors,) = rule.judge(replace(facts(12), goal=Goal("train", QWEN, training=run)))
    assert (finding.message, finding.severity, finding.fix) == (
        doctors.message,
        doctors.severity,
        doctors.fix,
    )


def test_the_age_in_words() -> None:
    for hours, said in [(0.2, "within the last hour"), (47, "47 h ago"), (100, "4 days ago")]:
        (finding,) = found(HEAD + "max_length: 16384\n", world(facts(12), hours=hours))
        assert said in finding.evidence[-1].en
    assert codes(HEAD + "max_length: 16384\n", world(facts(12), hours=-5)) == []


def test_a_report_about_another_model_saw_the_same_gpu() -> None:
    other = facts(12, "my/own")
    assert codes(HEAD + "max_length: 16384\n", world(other)) == ["MEM950"]
    assert codes("model: not/known\ndata: quickstart\nmax_length: 16384\n", world(other)) == []
    assert codes("model: my/own\ndata: quickstart\nmax_length: 16384\n", world(other)) == ["MEM950"]


def test_the_estimate_part_by_part() -> None:
    text = HEAD + "max_length: 4096\nlora: {r: 16}\n"
    made = budget.estimate(text, Path("sft.yaml"), world(facts(24)))
    assert made is not None and not isinstance(made.needed, Text)
    run = Workload(max_length=4096, rank=16)
    assert made.needed == memory.estimate(QWEN3[QWEN], run, "bfloat16")
    assert made.card.memory_free == 24 << 30
    assert (made.span.line, made.span.column) == (3, 13)
    assert sum(size for _, size in made.needed.parts()) == made.needed.total


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "max_length: many\n",
        "model: quickstart\ndata: quickstart\n",
        HEAD + "training: [",
        "",
        "\0",
        "a" * (2 << 20),
        "\ud800: 1\nmodel: a/b\n",
    ],
)
def test_what_cannot_be_reckoned_gives_nothing(text: str) -> None:
    assert budget.estimate(text, Path("sft.yaml"), world(facts())) is None
    found(text, world(facts()))


def test_a_reason_in_the_place_of_a_number() -> None:
    made = budget.estimate(HEAD + "lora: {bias: all}\n", Path("sft.yaml"), world(facts()))
    assert made is not None and isinstance(made.needed, Text)


# --- max_length -----------------------------------------------------------------------------------


@pytest.mark.triggers("MEM953")
@pytest.mark.spares("MEM953")
def test_rows_longer_than_the_model_was_made_for() -> None:
    beside = world(facts(10_000))
    (finding,) = found(HEAD + "max_length: 65536 # long\n", beside)
    assert finding.code == "MEM953" and finding.fix is not None
    (edit,) = finding.fix.edits
    assert (edit.span, edit.text) == (finding.span, "40960")
    assert codes(HEAD + "max_length: 40960\n", beside) == []
    small = world(facts(80, of=replace(QWEN3[QWEN], positions=1024)))
    (finding,) = found(HEAD, small)  # where max_length is not written, there is nothing to replace
    assert finding.code == "MEM953" and finding.fix is not None and finding.fix.edits == ()
    assert codes(HEAD, world(facts(80, of=replace(QWEN3[QWEN], positions=0)))) == []


@pytest.mark.triggers("CFG010")
@pytest.mark.spares("CFG010")
def test_a_model_in_a_folder_says_itself_how_long_a_text_may_be(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    config = tmp_path / "m" / "config.json"
    text = "model: ./m\ndata: quickstart\nmax_length: 4096\n"
    config.write_text('{"model_type": "gpt2", "max_position_embeddings": 1024}')
    (finding,) = found(text, World(), tmp_path)
    assert (finding.code, finding.severity) == ("CFG010", "warning")
    assert finding.fix is not None and finding.fix.edits[0].text == "1024"
    for other in (
        '{"max_position_embeddings": 4096}',
        "{}",
        "[]",
        "{",
        '{"max_position_embeddings": "x"}',
    ):
        config.write_text(other)
        assert found(text, World(), tmp_path) == []


@pytest.mark.parametrize(
    ("config", "most"),
    [
        ({"max_position_embeddings": 32768}, 32768),
        ({"max_position_embeddings": 32768, "rope_scaling": {"rope_type": "yarn", "factor": 4.0,
          "original_max_position_embeddings": 32768}}, 131072),
        ({"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
          "original_max_position_embeddings": 8192}}, 131072),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 2.0}}, 8192),
        ({"max_position_embeddings": 4096, "rope_parameters": {"rope_theta": 1e6}}, 4096),
        ({"max_position_embeddings": True}, 0),
        ({"max_position_embeddings": -1}, 0),
        ({"max_position_embeddings": 4096, "rope_scaling": {"factor": float("nan")}}, 4096),
        ({}, 0),
    ],
)  # fmt: skip
def test_how_long_a_text_a_config_allows(config: dict[str, object], most: int) -> None:
    assert positions(config) == most


# --- speed ----------------------------------------------------------------------------------------


def test_two_thousand_lines_are_judged_between_two_keystrokes() -> None:
    names = "".join(f"  - data{n}.jsonl  # one of many\n" for n in range(1990))
    text = (
        f"model: {QWEN}\nmax_length: 4096\nlora: {{r: 8}}\ntraining: {{seed: 3}}\ndata:\n" + names
    )
    beside, best = world(facts()), 9.0
    for n in range(5):
        began = time.process_time()
        check(text + "\n" * n, Path("sft.yaml"), Path(), world=beside)
        best = min(best, time.process_time() - began)
    assert best < 0.3
