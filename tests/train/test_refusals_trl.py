"""What a run config of dpo and kto calls a contradiction is refused by TRL itself, and only that."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset  # type: ignore[import-untyped]
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer

from qtune.core.runwords import CHOICES
from qtune.train.quickstart import model as quickstart

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning",  # TRL's and transformers' own, of names that they will drop
    "ignore::DeprecationWarning",
    "ignore::UserWarning",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    quickstart.ensure(folder)
    return folder


def common(tmp_path: Path) -> dict[str, Any]:
    return {"output_dir": str(tmp_path), "use_cpu": True, "bf16": False, "report_to": "none"}


def parts(folder: Path) -> tuple[PreTrainedModel, Any]:
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(folder)


def dpo(folder: Path, tmp_path: Path, *, adapter: bool = False, **values: Any) -> DPOTrainer:
    from peft import LoraConfig

    model, tokenizer = parts(folder)
    rows = Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}] * 2)
    return DPOTrainer(
        model=model,
        args=DPOConfig(**common(tmp_path), **values),
        train_dataset=rows,
        processing_class=tokenizer,
        peft_config=LoraConfig(task_type="CAUSAL_LM") if adapter else None,
    )


def kto(folder: Path, tmp_path: Path, **values: Any) -> KTOTrainer:
    model, tokenizer = parts(folder)
    rows = Dataset.from_list(
        [{"prompt": "a", "completion": "b", "label": True}, {"prompt": "a", "completion": "c", "label": False}]
    )  # fmt: skip
    return KTOTrainer(
        model=model,
        args=KTOConfig(**common(tmp_path), **values),
        train_dataset=rows,
        processing_class=tokenizer,
    )


def test_weights_are_as_many_as_losses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="loss_weights"):
        DPOConfig(**common(tmp_path), loss_type=["sigmoid", "sft"], loss_weights=[1.0])
    DPOConfig(**common(tmp_path), loss_type=["sigmoid", "sft"], loss_weights=[0.8, 0.2])
    assert DPOConfig(**common(tmp_path), loss_type="ipo").loss_type == ["ipo"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"loss_type": ["apo_zero"], "f_divergence_type": "forward_kl"}, "f_divergence_type"),
        ({"loss_type": ["aot"], "use_weighting": True}, "aot"),
        ({"loss_type": ["exo_pair"]}, "exo_pair"),
        ({"sync_ref_model": True, "adapter": True}, "sync_ref_model|PEFT|peft"),
        ({"sync_ref_model": True, "precompute_ref_log_probs": True}, "precompute"),
    ],
)
def test_what_dpo_refuses(folder: Path, tmp_path: Path, values: dict[str, Any], match: str) -> None:
    with pytest.raises((ValueError, NotImplementedError), match=match):
        dpo(folder, tmp_path, **values)


def test_what_dpo_takes(folder: Path, tmp_path: Path) -> None:
    dpo(folder, tmp_path, loss_type=["ipo"], f_divergence_type="forward_kl")
    dpo(folder, tmp_path, loss_type=["exo_pair"], label_smoothing=1e-3)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"per_device_train_batch_size": 1}, "batch size"),
        ({"per_device_train_batch_size": 2, "train_sampling_strategy": "random"}, "sequential"),
    ],
)
def test_what_kto_refuses(folder: Path, tmp_path: Path, values: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        kto(folder, tmp_path, **values)


def test_what_kto_takes(folder: Path, tmp_path: Path) -> None:
    kto(folder, tmp_path, per_device_train_batch_size=2)
    unpaired = {"loss_type": "apo_zero_unpaired", "train_sampling_strategy": "random"}
    kto(folder, tmp_path, per_device_train_batch_size=1, **unpaired)


def test_every_loss_that_is_offered_is_one_that_trl_computes() -> None:
    """Unknown ones are told only in the first step, after the model was loaded."""
    known = inspect.getsource(DPOTrainer) + inspect.getsource(KTOTrainer)
    for word in (*CHOICES["dpo", "loss_type"], *CHOICES["kto", "loss_type"]):
        assert f'== "{word}"' in known, word
    for word in CHOICES["dpo", "f_divergence_type"]:
        assert f'== "{word}"' in known, word
