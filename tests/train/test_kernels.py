"""What works here is used, what does not is named with its reason, and nothing of it is an error."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from qtune.train import kernels
from qtune.train.device import Placement
from tests.train import small

CPU = Placement("cpu", torch.float32, ())
HAS_FLASH = importlib.util.find_spec("flash_attn") is not None


def test_without_a_gpu_attention_is_torch_s_own_and_the_reason_is_told() -> None:
    model = small.model()
    told = kernels.attention(model, "auto", CPU)
    assert told.en == "attention sdpa: flash-attn does not run on cpu"
    assert model.config._attn_implementation == "sdpa"


def test_eager_is_taken_when_it_is_asked_for() -> None:
    model = small.model()
    assert "attn_implementation" in kernels.attention(model, "eager", CPU).en
    assert model.config._attn_implementation == "eager"


def test_flash_attention_where_it_cannot_be_becomes_sdpa_with_a_message() -> None:
    """Thread 39: never an error."""
    model = small.model()
    told = kernels.attention(model, "flash_attention_2", CPU)
    assert told.en.startswith("attention sdpa instead of flash_attention_2: ")
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.skipif(HAS_FLASH, reason="flash-attn is installed here")
def test_flash_attention_that_is_not_installed_is_said_to_be_so() -> None:
    why = kernels._no_flash("cuda", torch.bfloat16)
    assert why is not None and why.en == "flash-attn is not installed"


def test_flash_attention_does_not_compute_in_float32() -> None:
    why = kernels._no_flash("cuda", torch.float32)
    assert why is not None and "float32" in why.en


def test_flash_attention_built_for_another_torch_is_tried_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thread 27: it can be found, and its import fails."""
    package = tmp_path / "flash_attn"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise ImportError('flash_attn_2_cuda.so: undefined symbol: _ZN3c104cuda9SetDeviceEa')"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    kernels._no_flash.cache_clear()
    why = kernels._no_flash("cuda", torch.float16)
    kernels._no_flash.cache_clear()
    assert why is not None and "does not work" in why.en and "undefined symbol" in why.en


def test_an_attention_that_the_model_does_not_take_leaves_it_as_it_was() -> None:
    model = small.model(kind="gemma2", attention="eager")
    told = kernels.attention(model, "sdpa", CPU)
    assert told.en.startswith("attention eager instead of sdpa: ")
    assert model.config._attn_implementation == "eager"


def test_liger_is_told_of_only_where_it_was_asked_for() -> None:
    model = small.model()
    assert kernels.liger(model, {}, CPU) is None
    assert kernels.liger(model, {"use_liger_kernel": False}, CPU) is None
    told = kernels.liger(model, {"use_liger_kernel": True}, CPU)
    assert told is not None and "it needs a GPU" in told.en


def test_fewer_digits_are_for_a_gpu_that_computes_in_half_of_them_anyway() -> None:
    assert not kernels.tf32({}, CPU)
    assert not kernels.tf32({}, Placement("cuda", torch.float32, ()))
    assert not kernels.tf32({"tf32": False}, Placement("cuda", torch.bfloat16, ()))
