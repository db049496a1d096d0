"""GPU memory of a training run, part by part, from the model's sizes and the run's: arithmetic alone.

docs/memory.md has what each part is, and how far it is from what was counted in real training steps.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from qtune.core.activations import Step
from qtune.core.architecture import (
    Architecture,
    Linear,
    embedding,
    linears,
    parameters,
)
from qtune.core.peaks import highest
from qtune.core.text import Text
from qtune.core.workload import ALL_LINEAR, Workload

Dtype = Literal["bfloat16", "float16", "float32"]
SIZE: dict[Dtype, int] = {"bfloat16": 2, "float16": 2, "float32": 4}

# nf4 with double quantization: half a byte, a byte of scale for 64 weights, 4 bytes more for 256 scales.
_NF4 = 1 / 2 + 1 / 64 + 4 / (64 * 256)
_ADAM = {"adamw_torch_fused": False, "adamw_torch": True}  # does a step copy the weights?
# Rules of thumb, not measured: what CUDA and cuBLAS take before the first tensor, and what the allocator
# cannot use between tensors that come and go.
_CONTEXT = 600 << 20
_SLACK = 0.05


@dataclass(frozen=True)
class Estimate:
    """Bytes at the moment of the highest peak. `parameters` of the model, of which `trained` more or less
    are trained: with LoRA the adapter's, which are not the model's."""

    weights: int
    reference: int
    adapters: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    context: int
    slack: int
    parameters: int
    trained: int

    @property
    def total(self) -> int:
        return sum(size for _, size in self.parts())

    @property
    def tensors(self) -> int:
        """Without what is a rule of thumb: what can be counted in a training step."""
        return self.total - self.context - self.slack

    def parts(self) -> tuple[tuple[Text, int], ...]:
        return tuple(
            (_NAMES[f.name], getattr(self, f.name)) for f in fields(self) if f.name in _NAMES
        )


_NAMES = {
    "weights": Text("weights", "模型权重"),
    "reference": Text("reference model", "参考模型"),
    "adapters": Text("adapters", "适配器"),
    "gradients": Text("gradients", "梯度"),
    "optimizer": Text("optimizer", "优化器状态"),
    "activations": Text("activations", "激活值"),
    "logits": Text("logits and their gradient", "logits 及其梯度"),
    "context": Text("CUDA itself", "CUDA 自身开销"),
    "slack": Text("allocator", "分配器余量"),
}  # fmt: skip


def estimate(of: Architecture, run: Workload, dtype: Dtype) -> Estimate | Text:
    """What the run needs, or why that cannot be told."""
    reason = _unknown(of, run, dtype)
    if reason is not None:
        return reason
    targets = _targets(of, run)
    if isinstance(targets, Text):
        return targets
    size, whole = SIZE[dtype], parameters(of)
    full = run.tuning == "full"
    added = 0 if full else adapter_parameters(targets, run)
    copied = whole if full else saved_parameters(of, run)
    # peft keeps an adapter in float32, whatever the base model is in, and a copied module as it was.
    kept = 4 if full and not run.coarse else size
    trained_bytes = 4 * added + kept * copied
    step = Step(of, run, size, targets, kept)
    peak = highest(step, trained_bytes, copies=_ADAM[run.optim])
    return Estimate(
        weights=weights(of, run, dtype),
        reference=weights(of, run, dtype) if run.reference else 0,
        adapters=0 if full else trained_bytes,
        gradients=peak.gradients,
        optimizer=2 * trained_bytes + peak.passing,
        activations=peak.activations,
        logits=peak.logits,
        context=_CONTEXT,
        slack=round(_SLACK * sum(peak)),
        parameters=whole,
        trained=added + copied,
    )


def adapter_parameters(targets: tuple[Linear, ...], run: Workload) -> int:
    """LoRA's two matrices for each target; DoRA's magnitudes beside them."""
    magnitude = run.tuning == "dora"
    return sum(
        each.count * (run.rank * (each.inputs + each.outputs) + magnitude * each.outputs)
        for each in targets
    )


def saved_parameters(of: Architecture, run: Workload) -> int:
    """modules_to_save: a trained copy of the whole module."""
    return embedding(of) * len(set(run.saved))


def weights(of: Architecture, run: Workload, dtype: Dtype) -> int:
    """The base model alone: known even where the rest is not."""
    whole, size = parameters(of), SIZE[dtype]
    if run.tuning == "full":
        return whole * (size if run.coarse else 4)
    if run.tuning != "qlora":
        return whole * size
    # bitsandbytes quantizes the linear layers' matrices: not their biases, and neither end of the model.
    packed = sum(each.count * each.inputs * each.outputs for each in linears(of))
    return round(packed * _NF4) + (whole - packed) * size


def _targets(of: Architecture, run: Workload) -> tuple[Linear, ...] | Text:
    """The linear layers that get an adapter."""
    if run.tuning == "full":
        return ()
    every = linears(of)
    if of.sparse_layers and not {"q_proj", "k_proj", "v_proj", "o_proj"}.issuperset(run.targets):
        # peft puts adapters on the stacked experts too, and makes their whole weights anew in each step.
        return Text(
            "LoRA on a mixture's experts is not reckoned with; on q_proj, k_proj, v_proj and o_proj it is",
            "尚不能估算加在 MoE 专家上的 LoRA（只加在 q_proj、k_proj、v_proj、o_proj 上时可以）",
        )
    if run.targets == (ALL_LINEAR,):
        return every
    chosen = []
    for name in run.targets:
        found = [each for each in every if each.path == name or each.name == name]
        if not found:
            return Text(f"LoRA on {name} is not reckoned with", f"尚不能估算加在 {name} 上的 LoRA")
        chosen += found
    return tuple(each for each in every if each in chosen)


def _unknown(of: Architecture, run: Workload, dtype: Dtype) -> Text | None:
    """Why the memory cannot be told."""
    if run.unfollowed:
        return Text(f"{run.unfollowed} is not reckoned with", f"尚不能估算 {run.unfollowed}")
    if run.spread:
        return Text(
            "distributed: fsdp shares it among as many GPUs as there are",
            "distributed: fsdp 会把它分摊到各张 GPU 上",
        )
    if run.optim not in _ADAM:
        return Text(f"optim={run.optim} is not reckoned with", f"尚不能估算 optim={run.optim}")
    for name in run.saved:
        if name not in ("lm_head", "embed_tokens"):
            return Text(
                f"modules_to_save: {name} is not reckoned with",
                f"尚不能估算 modules_to_save 中的 {name}",
            )
    if run.tuning == "full" and dtype == "float16":
        return Text("full tuning in float16 cannot be trained", "float16 无法做全参数训练")
    if run.tuning == "qlora" and of.sparse_layers:
        return Text(
            "bitsandbytes does not quantize stacked experts", "bitsandbytes 不量化堆叠的专家权重"
        )
    return None
