"""The reckoned memory against the real thing: transformers' and peft's own parameters, and the bytes that are
alive in training steps, from the loss back to the optimizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from bench.accounting import Live, count, lora
from bench.architectures import CONFIGS, architecture
from qtune.core import activations
from qtune.core.architecture import Architecture, parameters, read
from qtune.core.memory import Dtype, Estimate, estimate
from qtune.core.smaller import QWEN3
from qtune.core.workload import Workload, of_run
from qtune.train import loss
from qtune.train.device import Placement
from qtune.train.texts.collator import Collator
from qtune.train.trainer import SafeTrainer, arguments
from tests.train.runs import make_job

AUTO: Any = AutoModelForCausalLM

pytestmark = pytest.mark.filterwarnings(
    # peft 0.21 reads the old name; and it warns of merging a tied end, which is not done here.
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
    "ignore:Model has `tie_word_embeddings=True`:UserWarning",
)

# Written down, so that a change of the other two at once is seen.
PUBLISHED = {
    "Qwen/Qwen3-0.6B": 596_049_920,
    "Qwen/Qwen3-1.7B": 1_720_574_976,
    "Qwen/Qwen3-4B": 4_022_468_096,
    "Qwen/Qwen3-8B": 8_190_735_360,
    "Qwen/Qwen3-14B": 14_768_307_200,
    "Qwen/Qwen3-32B": 32_762_123_264,
    "Qwen/Qwen3-30B-A3B": 30_532_122_624,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "meta-llama/Llama-2-7b-hf": 6_738_415_616,
    "meta-llama/Llama-3.1-8B": 8_030_261_248,
    "mistralai/Mistral-7B-v0.1": 7_241_732_096,
}


def on_meta(config: dict[str, Any]) -> Any:
    values = {key: value for key, value in config.items() if key != "model_type"}
    with torch.device("meta"):
        return AUTO.from_config(AutoConfig.for_model(config["model_type"], **values))


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONFIGS)
def test_the_parameters_are_the_model_s_own_to_the_last_one(name: str) -> None:
    counted = sum(p.numel() for p in on_meta(CONFIGS[name]).parameters())
    assert parameters(architecture(name)) == counted == PUBLISHED[name]


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "llama", "attention_bias": True},
        {"model_type": "llama", "mlp_bias": True, "tie_word_embeddings": True},
        {"model_type": "qwen3", "attention_bias": True},
        {"model_type": "qwen3", "head_dim": None},
        {"model_type": "mistral", "head_dim": 96},
        {"model_type": "llama", "num_key_value_heads": None},
        {"model_type": "qwen2", "tie_word_embeddings": True},
        {
            "model_type": "qwen3_moe",
            "num_experts": 6,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 48,
            "mlp_only_layers": [1],
            "decoder_sparse_step": 2,
        },
    ],
)
def test_what_a_config_may_say_or_leave_out_is_read_as_transformers_reads_it(
    change: dict[str, Any],
) -> None:
    config = {
        "num_hidden_layers": 4,
        "hidden_size": 128,
        "intermediate_size": 320,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 500,
        **change,
    }
    config = {key: value for key, value in config.items() if value is not None}
    of = read(config)
    assert isinstance(of, Architecture), of
    assert parameters(of) == sum(p.numel() for p in on_meta(config).parameters())


@pytest.mark.parametrize("name", QWEN3)
def test_the_sizes_that_qtune_recommends_are_the_published_ones(name: str) -> None:
    assert QWEN3[name] == architecture(name)


@pytest.mark.parametrize(
    "run",
    [
        Workload(),
        Workload(rank=64, targets=("q_proj", "v_proj")),
        Workload(targets=("down_proj", "o_proj")),
        Workload(tuning="dora", rank=16),
        Workload(saved=("lm_head",)),
    ],
)
@pytest.mark.parametrize(
    "name", ["Qwen/Qwen3-0.6B", "Qwen/Qwen2.5-7B", "mistralai/Mistral-7B-v0.1"]
)
def test_the_adapter_s_parameters_are_peft_s_own(name: str, run: Workload) -> None:
    from peft import get_peft_model

    needed = estimate(architecture(name), run, "bfloat16")
    assert isinstance(needed, Estimate)
    with torch.device("meta"):
        model = get_peft_model(on_meta(CONFIGS[name]), lora(run))
    assert needed.trained == model.get_nb_trainable_parameters()[0]


# --- bytes of a step ------------------------------------------------------------------------------

SMALL = {
    "model_type": "qwen3",
    "num_hidden_layers": 3,
    "hidden_size": 512,
    "intermediate_size": 1536,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "tie_word_embeddings": True,
}
RUNS = (
    Workload(max_length=512, accumulation=1),
    Workload(max_length=512, checkpointing=False),
    Workload(max_length=256, batch=4),
    Workload(max_length=256, batch=4, checkpointing=False),
    Workload(max_length=512, targets=("q_proj", "v_proj"), checkpointing=False),
    Workload(max_length=512, saved=("lm_head",)),
    Workload(max_length=512, tuning="full", accumulation=1),
    Workload(max_length=512, tuning="full", checkpointing=False),
    Workload(max_length=512, tuning="full", accumulation=1, coarse=True),
    Workload(max_length=512, tuning="full", checkpointing=False, coarse=True),
    Workload(max_length=512, tuning="dora"),
    Workload(max_length=512, tuning="dora", checkpointing=False),
)


# A small vocabulary, where the layers decide, and a large one, where the logits do.
CASES = (
    *((run, "bfloat16", 1_000) for run in RUNS),
    *((run, "float32", 1_000) for run in RUNS[:4] + RUNS[6:7]),
    *((run, "bfloat16", 64_000) for run in (RUNS[0], RUNS[5], RUNS[6])),
)


@pytest.mark.parametrize(("run", "dtype", "vocab"), CASES)
def test_every_part_is_what_was_alive_in_a_step(run: Workload, dtype: Dtype, vocab: int) -> None:
    config = {**SMALL, "vocab_size": vocab}
    of = read(config)
    assert isinstance(of, Architecture)
    needed, seen = estimate(of, run, dtype), count(config, run, dtype)
    assert isinstance(needed, Estimate)
    assert (needed.weights, needed.adapters) == (seen.weights, seen.adapters)
    trained = needed.weights if run.tuning == "full" else needed.adapters
    assert trained == seen.gradients
    assert needed.optimizer == pytest.approx(
        seen.optimizer, abs=4 * 400
    )  # a counter for each tensor
    assert needed.tensors == pytest.approx(seen.peak, rel=0.05)
    kept = seen.peak - seen.weights - seen.adapters - seen.optimizer
    passing = needed.tensors - needed.weights - needed.adapters - needed.optimizer
    assert passing == pytest.approx(kept, rel=0.10)


@pytest.mark.parametrize(("batch", "checkpointing"), [(1, True), (1, False), (2, True)])
def test_a_real_run_with_the_real_trainer_peaks_where_it_was_reckoned(
    tmp_path: Path, batch: int, checkpointing: bool
) -> None:
    """Real tensors, the trainer of `qtune run`, two optimizer steps of two batches each, in bfloat16."""
    job = make_job(
        tmp_path / "run",
        tmp_path,
        "max_length=512",
        "lora.modules_to_save=null",
        "lora.ensure_weight_tying=null",
        f"training.per_device_train_batch_size={batch}",
        "training.max_steps=2",
        "training.gradient_accumulation_steps=2",
        "training.save_strategy=no",
        f"training.activation_checkpointing={str(checkpointing).lower()}",
    )
    run, config = of_run(job.config), {**SMALL, "vocab_size": 8_000}
    of = read(config)
    assert isinstance(of, Architecture)
    needed = estimate(of, run, "bfloat16")
    assert isinstance(needed, Estimate)

    # The second row of each batch is shorter, so that there is padding and with it a mask.
    rows = [{"input_ids": [7] * n, "labels": [7] * n} for n in (512, 500 if batch > 1 else 512)]
    model = _real(config, run)
    loss.install(model)
    trainer = SafeTrainer(
        base="a/b",
        model=model,
        args=arguments(job.config, Placement("cpu", torch.bfloat16, ())),
        train_dataset=rows * 2 * batch,
        data_collator=Collator(0),
    )
    live = Live()
    for tensor in [*model.parameters(), *model.buffers()]:
        live.add(tensor)
    with live:
        trainer.train()
    assert needed.tensors == pytest.approx(live.peak, rel=0.05)
    passing = needed.tensors - needed.weights - needed.adapters - needed.optimizer
    static = needed.weights + needed.adapters + needed.optimizer
    assert passing == pytest.approx(live.peak - static, rel=0.10)


def _real(config: dict[str, Any], run: Workload) -> Any:
    from peft import get_peft_model

    values = {key: value for key, value in config.items() if key != "model_type"}
    of = AutoConfig.for_model(config["model_type"], **values, use_cache=False)
    return get_peft_model(AUTO.from_config(of, dtype=torch.bfloat16), lora(run))


def test_the_pieces_of_the_logits_are_those_that_training_takes() -> None:
    assert (activations.PIECE, activations.FEW) == (loss.PIECE, loss.FEW)
