"""What fits is told, what does not gets advice in the order of least harm, and a config that is not understood
gets a reason instead of a number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtune.core.activations import Step, head_bytes
from qtune.core.architecture import Architecture, parameters, read
from qtune.core.fitting import Fit, advice, fits, largest_batch, longest
from qtune.core.memory import Dtype, Estimate, estimate, weights
from qtune.core.runconfig import Defaults, examine
from qtune.core.smaller import QWEN3, smaller
from qtune.core.text import Text
from qtune.core.workload import Workload, of_run

GIB = 1 << 30
QWEN3_8B = QWEN3["Qwen/Qwen3-8B"]
CONFIG: dict[str, Any] = {
    "model_type": "qwen3",
    "num_hidden_layers": 36,
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": False,
    "max_position_embeddings": 40960,
}


def known(run: Workload, of: Architecture = QWEN3_8B, dtype: Dtype = "bfloat16") -> Estimate:
    needed = estimate(of, run, dtype)
    assert isinstance(needed, Estimate), needed
    return needed


# --- what is read ---------------------------------------------------------------------------------


def test_a_config_is_read_as_it_is_published() -> None:
    assert read(CONFIG) == QWEN3_8B


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"model_type": "mamba"}, "mamba"),
        ({"model_type": None}, "?"),
        ({"model_type": 7}, "?"),
        ({"quantization_config": {"quant_method": "awq"}}, "awq"),
        ({"hidden_size": "4096"}, "hidden_size"),
        ({"hidden_size": -1}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"hidden_size": 4096.0}, "hidden_size"),
        ({"vocab_size": None}, "vocab_size"),
        ({"vocab_size": 10**30}, "vocab_size"),
        ({"num_hidden_layers": 10**6}, "num_hidden_layers"),
        ({"num_key_value_heads": 5}, "num_key_value_heads"),
        ({"model_type": "qwen3_moe", "mlp_only_layers": 3}, "mlp_only_layers"),
        ({"model_type": "qwen3_moe"}, "num_experts"),
    ],
)
def test_a_config_that_is_not_understood_gives_a_reason(change: dict[str, Any], word: str) -> None:
    reason = read({**CONFIG, **change})
    assert isinstance(reason, Text)
    assert word in reason.en and word in reason.zh


@pytest.mark.parametrize("config", [None, [], "qwen3", 3, {}])
def test_what_is_no_config_gives_a_reason(config: object) -> None:
    assert isinstance(read(config), Text)


# --- the run --------------------------------------------------------------------------------------


def run_of(text: str) -> Workload:
    config, problems = examine(
        text, Path("run.yaml"), defaults=Defaults("Qwen/Qwen3-8B", Path("/p/runs"), Path("/p"))
    )
    assert config is not None, problems
    return of_run(config)


def test_a_run_config_that_says_nothing_is_the_default_workload() -> None:
    assert run_of("data: quickstart\n") == Workload()


def test_a_run_config_s_own_numbers_count() -> None:
    said = (
        "data: quickstart\nmax_length: 512\n"
        "lora: {r: 32, target_modules: [q_proj, v_proj], modules_to_save: [lm_head], lora_dropout: 0.1}\n"
        "training: {per_device_train_batch_size: 4, gradient_accumulation_steps: 2,"
        " gradient_checkpointing: false, optim: adamw_torch}\n"
    )
    assert run_of(said) == Workload(
        rank=32,
        targets=("q_proj", "v_proj"),
        saved=("lm_head",),
        dropout=True,
        batch=4,
        accumulation=2,
        max_length=512,
        checkpointing=False,
        optim="adamw_torch",
    )


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("lora: {target_modules: '.*proj'}", "lora.target_modules"),
        ("lora: {bias: all}", "lora.bias"),
        ("lora: {rank_pattern: {q_proj: 4}}", "lora.rank_pattern"),
        (
            "lora: {layers_to_transform: [1, 2], target_modules: [q_proj]}",
            "lora.layers_to_transform",
        ),
        ("lora: {target_modules: [q_proj, lm_head]}", "lm_head"),
        ("lora: {target_modules: [nothing_proj]}", "nothing_proj"),
        ("lora: {modules_to_save: [norm]}", "norm"),
        ("training: {optim: adafactor}", "adafactor"),
        ("distributed: fsdp", "fsdp"),
    ],
)
def test_what_the_arithmetic_does_not_follow_gives_a_reason(line: str, word: str) -> None:
    reason = estimate(QWEN3_8B, run_of(f"data: quickstart\n{line}\n"), "bfloat16")
    assert isinstance(reason, Text)
    assert word in reason.en and word in reason.zh


def test_adapters_on_experts_are_no_guess() -> None:
    of = replace(
        QWEN3_8B,
        experts=128,
        experts_per_token=8,
        expert_intermediate=768,
        sparse_layers=36,
        intermediate=0,
    )
    assert isinstance(estimate(of, Workload(), "bfloat16"), Text)
    assert isinstance(estimate(of, Workload(targets=("q_proj", "v_proj")), "bfloat16"), Estimate)
    assert isinstance(estimate(of, Workload(tuning="qlora", targets=("q_proj",)), "bfloat16"), Text)


# --- the parts ------------------------------------------------------------------------------------


def test_the_parts_add_up_and_each_has_a_name() -> None:
    needed = known(Workload())
    assert sum(size for _, size in needed.parts()) == needed.total
    assert len({name.en for name, _ in needed.parts()}) == len(needed.parts()) == 9
    assert needed.weights == 2 * parameters(QWEN3_8B)
    assert needed.adapters == 4 * needed.trained
    assert needed.optimizer == 8 * needed.trained
    assert needed.gradients == 4 * needed.trained  # they wait while the next step accumulates


def test_four_bit_weights_are_about_a_quarter_save_both_ends() -> None:
    packed = weights(QWEN3_8B, Workload(tuning="qlora"), "bfloat16")
    ends = 2 * 2 * QWEN3_8B.vocab * QWEN3_8B.hidden
    whole = weights(QWEN3_8B, Workload(), "bfloat16")
    assert 0.25 < (packed - ends) / (whole - ends) < 0.26


@pytest.mark.parametrize(("length", "once"), [(100, 27), (600, 150), (60_000, 220)])
def test_of_the_logits_a_piece_is_there_and_what_the_head_takes(length: int, once: int) -> None:
    step = Step(QWEN3_8B, Workload(max_length=length), 2, (), 2)
    assert head_bytes(step) == 10 * once * 151_936 + 4 * length * 4096
    assert head_bytes(step, back=True) == 8 * once * 151_936 + 4 * length * 4096
    pairs = Step(QWEN3_8B, Workload(max_length=length, method="reward"), 2, (), 2)
    assert head_bytes(pairs) == 0


def test_full_tuning_keeps_its_weights_in_float32_unless_it_is_told_otherwise() -> None:
    whole = known(Workload(tuning="full"))
    assert whole.weights == 4 * parameters(QWEN3_8B) and whole.optimizer == 2 * whole.weights
    coarse = known(Workload(tuning="full", coarse=True))
    assert coarse.weights == 2 * parameters(QWEN3_8B) and coarse.total < 0.6 * whole.total


def test_a_pair_is_two_rows_and_full_tuning_has_a_model_to_compare_with() -> None:
    run = Workload(max_length=512, checkpointing=False)
    pairs, judged = replace(run, method="dpo"), replace(run, method="kto")
    assert known(pairs).activations > 1.9 * known(run).activations
    assert known(judged).total == pytest.approx(known(run).total, rel=0.02)
    lone = known(run_of("data: quickstart\nmethod: dpo\n"))
    assert lone.reference == 0, "without the adapter the model is its own"
    full = known(run_of("data: quickstart\nmethod: dpo\ntuning: full\n"))
    assert full.reference == full.weights
    before = "preference: {precompute_ref_log_probs: true}\n"
    beforehand = known(run_of(f"data: quickstart\nmethod: dpo\ntuning: full\n{before}"))
    assert beforehand.reference == 0


@pytest.mark.parametrize("tuning", ["lora", "qlora", "dora", "full"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_more_of_anything_never_needs_less(tuning: Any, dtype: Dtype) -> None:
    small = Workload(tuning=tuning, max_length=256)
    sizes = [
        known(run, dtype=dtype).total
        for run in (
            small,
            replace(small, max_length=512),
            replace(small, max_length=512, batch=4),
            replace(small, max_length=512, batch=4, checkpointing=False),
        )
    ]
    assert sizes == sorted(sizes)


def test_full_tuning_in_float16_is_refused_as_torch_does() -> None:
    assert isinstance(estimate(QWEN3_8B, Workload(tuning="full"), "float16"), Text)


# --- does it fit, and what if not -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "verdict"),
    [
        (2.0, "fits"),
        (1.12, "fits"),
        (1.1, "tight"),
        (0.95, "tight"),
        (0.9, "too large"),
        (0, "too large"),
    ],
)
def test_within_the_estimate_s_error_it_is_tight(share: float, verdict: Fit) -> None:
    needed = known(Workload())
    assert fits(needed, round(needed.total * share)) == verdict


def test_advice_goes_from_the_least_harm_on_and_stops_where_it_fits() -> None:
    run = Workload(batch=8, accumulation=2, checkpointing=False, max_length=32768)
    changes = advice(QWEN3_8B, run, "bfloat16", 24 * GIB)
    assert [change.fit for change in changes][-1] == "fits"
    assert all(change.fit != "fits" for change in changes[:-1])
    batch, checkpointing, length = changes
    assert (batch.run.batch, batch.run.accumulation) == (1, 16)
    assert checkpointing.run.checkpointing and checkpointing.run.batch == 1
    assert length.run.max_length < 32768 and str(length.run.max_length) in length.what.zh
    totals = [change.estimate.total for change in changes]
    assert totals == sorted(totals, reverse=True)


def test_what_fits_at_once_needs_no_second_change() -> None:
    run = Workload(batch=8, accumulation=1)
    (change,) = advice(QWEN3_8B, run, "bfloat16", 30 * GIB)
    assert change.run.batch == 1 and change.run.accumulation == 8


def test_where_no_length_fits_the_weights_are_kept_in_four_bits() -> None:
    changes = advice(QWEN3_8B, Workload(), "bfloat16", 12 * GIB)
    assert [change.run.tuning for change in changes] == ["qlora"]
    assert changes[-1].fit == "fits"


def test_the_longest_rows_that_fit() -> None:
    run = Workload(max_length=32768)
    length = longest(QWEN3_8B, run, "bfloat16", 24 * GIB)
    assert length is not None and length % 256 == 0
    assert fits(known(replace(run, max_length=length)), 24 * GIB) == "fits"
    assert fits(known(replace(run, max_length=length + 256)), 24 * GIB) != "fits"
    assert longest(QWEN3_8B, run, "bfloat16", 8 * GIB) is None


@pytest.mark.parametrize("tuning", ["lora", "qlora", "full"])
def test_the_largest_batch_fits_and_one_row_more_does_not(tuning: Any) -> None:
    run = run_of(f"data: quickstart\ntuning: {tuning}\nmax_length: 1024\n"
                 "training: {per_device_train_batch_size: auto}\n")  # fmt: skip
    assert run.auto and run.batch == 1
    free = round(known(run).total / 0.9) + 8 * GIB
    most = largest_batch(QWEN3_8B, run, "bfloat16", free, 64)
    assert 1 < most < 64
    assert fits(known(replace(run, batch=most)), free) == "fits"
    assert fits(known(replace(run, batch=most + 1)), free) != "fits"
    assert largest_batch(QWEN3_8B, run, "bfloat16", free, 2) == 2
    assert largest_batch(QWEN3_8B, run, "bfloat16", GIB, 64) == 0


def test_a_smaller_model_is_the_largest_that_fits() -> None:
    named = [smaller(Workload(), "bfloat16", gib * GIB) for gib in (2, 12, 24, 200)]
    assert [found[0].rpartition("-")[2] if found else None for found in named] == [
        None,
        "4B",
        "8B",
        "32B",
    ]
