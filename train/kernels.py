"""Which of the fast implementations are used: those that work on this machine when tried, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

from qtune.core.text import Text, plain
from qtune.train.device import Placement
from qtune.train.loss import unwrapped

FLASH = "flash_attention_2"
HALF = (torch.bfloat16, torch.float16)


def attention(model: Any, wanted: str, placement: Placement) -> Text:
    """Set a model's attention: what the config says, or flash-attn where it works; else torch's own."""
    inner = unwrapped(model)
    usual = str(inner.config._attn_implementation)
    if wanted in ("sdpa", "eager"):
        refused = _refused(inner, wanted)
        if refused is None:
            return Text(
                f"attention {wanted}: attn_implementation",
                f"注意力 {wanted}：由 attn_implementation 指定",
            )
        return _instead(usual, wanted, refused)
    why = _no_flash(placement.device, placement.dtype) or _refused(inner, FLASH)
    if why is None:
        return Text("attention flash-attn: it works here", "注意力 flash-attn：在这台机器上可用")
    if wanted == FLASH:
        return _instead(usual, FLASH, why)
    return Text(f"attention {usual}: {why.en}", f"注意力 {usual}：{why.zh}")


def _refused(model: Any, name: str) -> Text | None:
    """Why the model does not take this attention; it then keeps the one it has."""
    usual = model.config._attn_implementation
    try:
        model.set_attn_implementation(name)
    except (ValueError, ImportError, AttributeError) as error:
        model.config._attn_implementation = usual
        return plain((str(error).splitlines() or [type(error).__name__])[0][:160])
    if model.config._attn_implementation != name:
        return Text("the model does not take it", "模型不支持")
    return None


def _instead(usual: str, wanted: str, why: Text) -> Text:
    return Text(
        f"attention {usual} instead of {wanted}: {why.en}",
        f"注意力用 {usual} 代替 {wanted}：{why.zh}",
    )


@cache
def _no_flash(device: str, dtype: torch.dtype) -> Text | None:
    """Why flash-attn cannot be used; it is called once, since an import alone does not show a broken build."""
    if device != "cuda":
        return Text(f"flash-attn does not run on {device}", f"flash-attn 不支持 {device}")
    if dtype not in HALF:
        name = str(dtype).removeprefix("torch.")
        return Text(f"flash-attn does not compute in {name}", f"flash-attn 不支持 {name}")
    if find_spec("flash_attn") is None:
        return Text("flash-attn is not installed", "没有安装 flash-attn")
    try:
        flash = import_module("flash_attn").flash_attn_func
        one = torch.zeros((1, 8, 1, 64), dtype=dtype, device=device)
        flash(one, one, one, causal=True)
        torch.cuda.synchronize()
    except Exception as error:  # whatever a build for another torch or another GPU raises
        first = (str(error).splitlines() or [type(error).__name__])[0][:160]
        return Text(f"flash-attn does not work: {first}", f"flash-attn 无法工作：{first}")
    return None


def liger(model: Any, training: Mapping[str, object], placement: Placement) -> Text | None:
    """Put Liger's kernels for norms, rotary positions and the gate into a model; says what was done.

    The loss stays qtune's own. None where nobody asked and there is nothing to tell.
    """
    wanted = training.get("use_liger_kernel")
    if wanted is False:
        return None
    if placement.device != "cuda" or find_spec("liger_kernel") is None:
        if not wanted:
            return None
        why = "it is not installed" if placement.device == "cuda" else "it needs a GPU"
        zh = "没有安装" if placement.device == "cuda" else "需要 GPU"
        return Text(f"Liger's kernels are not used: {why}", f"没有使用 Liger：{zh}")
    try:
        put_in = import_module(
            "liger_kernel.transformers.monkey_patch"
        )._apply_liger_kernel_to_instance
        put_in(model=unwrapped(model), fused_linear_cross_entropy=False, cross_entropy=False)
    except Exception as error:  # built for other versions of torch, triton or transformers
        first = (str(error).splitlines() or [type(error).__name__])[0][:160]
        return Text(f"Liger's kernels are not used: {first}", f"没有使用 Liger：{first}")
    return Text(
        "Liger's kernels for norms, positions and gates: installed, and they fit this model",
        "使用 Liger 的归一化、位置编码和门控内核：已安装且支持这个模型",
    )


def tf32(training: Mapping[str, object], placement: Placement) -> bool:
    """Whether what is left in float32 beside bfloat16 may be multiplied with fewer digits."""
    if placement.device != "cuda" or placement.dtype not in HALF or "tf32" in training:
        return False
    return torch.cuda.get_device_capability(0) >= (8, 0)
