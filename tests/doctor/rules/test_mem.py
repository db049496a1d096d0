"""The rules about memory, each with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qtune.core.architecture import Architecture
from qtune.core.errors import UsageError
from qtune.core.smaller import QWEN3
from qtune.core.workload import Workload
from qtune.doctor.codec import dump, load
from qtune.doctor.facts import Accelerator, Facts, Gpu, Known, TorchBuild, Unknown
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.rules.mem import RULES, mem950
from tests.doctor.build import env_line, healthy, with_setting
from tests.doctor.rules.judging import findings, only
from tests.doctor.rules.pages import complaints
from tests.doctor.rules.roads import told

GIB = 1 << 30
MOE = Architecture(
    "qwen3_moe", 48, 2048, 0, 32, 4, 128, 151_936, False, False, False, False, True, 128, 8, 768, 48
)  # fmt: skip


def card(free: float, total: float = 0, capability: str = "8.9", index: int = 0) -> Gpu:
    name = "NVIDIA GeForce RTX 4090"
    return Gpu(index, name, round((total or free) * GIB), round(free * GIB), capability)


def machine(
    of: Architecture | None, *gpus: Gpu, run: Workload | None = None, **changes: object
) -> Facts:
    """A healthy machine with these cards, about to train a model of this size."""
    facts = healthy(accelerator=Known(Accelerator(gpus, "570.1", True, "", "nvml")), **changes)
    listing = facts.listing["modelscope"]
    assert isinstance(listing, Known)
    found = Known(replace(listing.value, architecture=of))
    return replace(
        facts,
        goal=replace(facts.goal, training=run),
        listing={"modelscope": found, "huggingface": found},
    )


SMALL, LARGE, HUGE = (QWEN3[f"Qwen/Qwen3-{size}"] for size in ("0.6B", "8B", "32B"))


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    assert complaints(next(rule for rule in RULES if rule.code == code)) == []


def test_only_training_is_asked_for_memory() -> None:
    assert {goal for rule in RULES for goal in rule.goals} == {"train"}


# --- MEM950 ---------------------------------------------------------------------------------------


def test_what_can_never_fit_is_an_error_part_by_part() -> None:
    finding = only(mem950.RULE, machine(LARGE, card(12)))
    assert finding.severity is Severity.ERROR
    assert "12.0 GiB are free on the NVIDIA GeForce RTX 4090" in finding.message.en
    assert "12.0 GiB 可用" in finding.message.zh
    said = told(finding)
    assert "weights: 15.3 GiB" in said and "activations" in said and "CUDA itself" in said
    assert "bfloat16, batch 1 × 2048 tokens, activation checkpointing on" in said


def test_the_fix_is_four_bits_where_no_length_fits_and_then_a_smaller_model() -> None:
    fix = only(mem950.RULE, machine(LARGE, card(12))).fix
    assert fix is not None and fix.applicability is Applicability.MANUAL
    assert "tuning: qlora" in fix.title.en and "tuning: qlora" in fix.title.zh
    fix = only(mem950.RULE, machine(LARGE, card(6), run=Workload(tuning="qlora"))).fix
    assert fix is not None
    assert "a smaller model: Qwen/Qwen3-" in fix.title.en and "更小的模型" in fix.title.zh


def test_a_model_that_several_gpus_share_is_not_judged_by_one() -> None:
    assert findings(mem950.RULE, machine(LARGE, card(4), run=Workload(spread=True))) == []
    assert findings(mem950.RULE, machine(LARGE, card(4), run=Workload())) != []


def test_a_card_that_is_large_enough_is_nothing_to_tell() -> None:
    assert findings(mem950.RULE, machine(LARGE, card(24))) == []
    assert findings(mem950.RULE, machine(SMALL, card(8))) == []


def test_close_to_the_limit_is_a_warning() -> None:
    finding = only(mem950.RULE, machine(LARGE, card(18)))
    assert finding.severity is Severity.WARNING
    assert "close to the limit" in finding.message.en and "接近上限" in finding.message.zh


def test_only_long_rows_that_do_not_fit_are_a_warning_with_the_length_that_does() -> None:
    run = Workload(max_length=16384)
    finding = only(mem950.RULE, machine(LARGE, card(24), run=run))
    assert finding.severity is Severity.WARNING
    assert "max_length 16384" in finding.message.en and "max_length 16384" in finding.message.zh
    assert finding.fix is not None and "max_length: 8448" in finding.fix.title.en


def test_the_run_s_own_numbers_count() -> None:
    greedy = Workload(batch=16, accumulation=1, checkpointing=False)
    finding = only(mem950.RULE, machine(SMALL, card(12), run=greedy))
    assert finding.fix is not None
    assert "gradient_accumulation_steps: 16" in finding.fix.title.en
    assert "batch 16 × 2048 tokens, activation checkpointing off" in told(finding)


def test_memory_that_others_hold_is_told() -> None:
    said = told(only(mem950.RULE, machine(LARGE, card(12, total=24))))
    assert "other programs hold 12.0 GiB of the 24.0 GiB" in said
    assert "other programs" not in told(only(mem950.RULE, machine(LARGE, card(12, total=12.5))))


def test_an_older_card_computes_in_twice_the_size() -> None:
    assert findings(mem950.RULE, machine(QWEN3["Qwen/Qwen3-4B"], card(16))) == []
    old = machine(QWEN3["Qwen/Qwen3-4B"], card(16, capability="7.5"))
    assert "float32" in told(only(mem950.RULE, old))
    chosen = with_setting(old, "QTUNE_DTYPE", "float16", env_line("QTUNE_DTYPE", 4))
    assert findings(mem950.RULE, chosen) == []


def test_where_the_rest_is_not_known_the_weights_alone_may_decide() -> None:
    finding = only(mem950.RULE, machine(MOE, card(48)))  # all-linear: adapters on experts
    assert finding.severity is Severity.ERROR
    assert "56.9 GiB" in finding.message.en and "experts" in told(finding)
    assert findings(mem950.RULE, machine(MOE, card(80))) == []


@pytest.mark.parametrize(
    "facts",
    [
        machine(None, card(4)),
        machine(HUGE),
        machine(HUGE, Gpu(0, "A GPU that tells nothing", 0, 0, "8.0")),
        machine(HUGE, card(4, capability="")),
        machine(HUGE, card(4), torch=Known(TorchBuild(True, "2.13.0+cpu"))),
        with_setting(machine(HUGE, card(4)), "QTUNE_DEVICE", "cpu", env_line("QTUNE_DEVICE")),
        with_setting(
            machine(HUGE, card(4)),
            "CUDA_VISIBLE_DEVICES",
            "GPU-8a5c",
            env_line("CUDA_VISIBLE_DEVICES"),
        ),
        replace(machine(HUGE, card(4)), accelerator=Unknown("timeout")),
        replace(machine(HUGE, card(4)), listing={"modelscope": Unknown("http")}),
    ],
)
def test_what_is_not_known_is_not_judged(facts: Facts) -> None:
    assert findings(mem950.RULE, facts) == []


def test_the_card_that_cuda_may_see_is_the_one_that_counts() -> None:
    both = machine(LARGE, card(8, index=0), card(80, index=1))
    assert only(mem950.RULE, both).severity is Severity.ERROR
    second = with_setting(both, "CUDA_VISIBLE_DEVICES", "1", env_line("CUDA_VISIBLE_DEVICES"))
    assert findings(mem950.RULE, second) == []
    mixed = machine(LARGE, card(8), replace(card(80, index=1), name="NVIDIA H100"))
    assert findings(mem950.RULE, mixed) == []  # which one comes first is not known


def test_the_judgement_survives_a_facts_file() -> None:
    facts = machine(LARGE, card(12), run=Workload(batch=2, saved=("lm_head",), rank=64))
    again = load(dump(facts))
    assert again == facts
    assert findings(mem950.RULE, again) == findings(mem950.RULE, facts) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"layers": 36', '"layers": 0'),
        ('"hidden": 4096', '"hidden": -4096'),
        ('"sparse_layers": 0', '"sparse_layers": 99'),
        ('"vocab": 151936', f'"vocab": {10**40}'),
        ('"batch": 2', '"batch": 0'),
        ('"tuning": "lora"', '"tuning": "magic"'),
    ],
)
def test_a_facts_file_with_impossible_sizes_is_one_clear_error(old: str, new: str) -> None:
    text = dump(machine(LARGE, card(12), run=Workload(batch=2)))
    assert old in text
    with pytest.raises(UsageError) as caught:
        load(text.replace(old, new))
    assert caught.value.code == "CFG091"
