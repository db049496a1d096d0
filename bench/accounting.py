"""Counts the bytes that are alive in a training step, on the real code and at the real sizes, without them.

The model is transformers', the adapter peft's, the step the Trainer's; the tensors have sizes and no data
(FakeTensorMode), so that a model of 32 billion parameters is counted on a laptop.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MethodType
from typing import Any
from unittest.mock import patch

import torch
from accelerate.utils import convert_to_fp32  # type: ignore[import-untyped]
from peft import LoraConfig, get_peft_model
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from transformers import AutoConfig, AutoModelForCausalLM, masking_utils

from qtune.core.workload import Workload
from qtune.train import loss

DTYPES = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}


class Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Every storage that an operation makes counts until nothing holds it any more."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._alive: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in tree_iter(out):
            if isinstance(value, torch.Tensor):
                self.add(value)
        return out

    def add(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._alive:
            return
        self._alive[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._drop, key)

    def _drop(self, key: int) -> None:
        self.now -= self._alive.pop(key)


@dataclass(frozen=True)
class Counted:
    """Bytes. `activations` are what waits for the way back when the loss is known; `peak` is all that was
    ever alive at once, weights and optimizer included."""

    weights: int
    adapters: int
    gradients: int
    optimizer: int
    activations: int
    peak: int


def build(config: dict[str, Any], run: Workload, dtype: str) -> torch.nn.Module:
    """The model as `qtune run` prepares it, on the meta device."""
    values = {key: value for key, value in config.items() if key != "model_type"}
    of = AutoConfig.for_model(config["model_type"], **values, use_cache=False)
    with torch.device("meta"):
        auto: Any = AutoModelForCausalLM
        model: Any = auto.from_config(of, dtype=DTYPES[weights_dtype(run, dtype)])
        if run.tuning != "full":
            model = get_peft_model(model, lora(run))
    inner = loss.unwrapped(model)
    inner.forward = MethodType(loss._forward(inner.forward, inner.model, loss.PIECE), inner)
    model.train()
    if run.checkpointing:
        # The reentrant kind needs inputs with gradients; qtune asks for the other.
        model.activation_checkpointing_enable(
            activation_checkpointing_kwargs={"use_reentrant": False}
        )
    return model  # type: ignore[no-any-return]


def weights_dtype(run: Workload, dtype: str) -> str:
    """As train.tuning has it: what is wholly tuned lies in float32, whatever it computes in."""
    return "float32" if run.tuning == "full" and not run.coarse else dtype


def lora(run: Workload) -> LoraConfig:
    targets: Any = run.targets[0] if run.targets == ("all-linear",) else list(run.targets)
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=run.rank,
        target_modules=targets,
        lora_dropout=0.05 if run.dropout else 0.0,
        modules_to_save=list(run.saved) or None,
        use_dora=run.tuning == "dora",
    )


def count(config: dict[str, Any], run: Workload, dtype: str) -> Counted:
    """Two optimizer steps with the accumulation that `run` has (two at most: a third keeps no more)."""
    model = build(config, run, dtype)
    with FakeTensorMode():
        _fake(model)
        trained = [p for p in model.parameters() if p.requires_grad]
        live = Live()
        weights, adapters = _weights(model, live, run)
        held = live.now
        optimizer = torch.optim.AdamW(trained, lr=1e-4, fused=True)
        kept = states = gradients = 0
        with live:
            for _ in range(2):
                for _ in range(min(run.accumulation, 2)):
                    found, kept = _forth(model, run, dtype, live)
                    found.backward()  # type: ignore[no-untyped-call]
                    del found
                gradients = sum(_bytes(p.grad) for p in trained if p.grad is not None)
                before = live.now
                optimizer.step()
                states = states or live.now - before
                optimizer.zero_grad()
    peak = live.peak - held + weights + adapters
    return Counted(weights, adapters, gradients, states, kept, peak)


def _forth(
    model: torch.nn.Module, run: Workload, dtype: str, live: Live
) -> tuple[torch.Tensor, int]:
    """The loss, and how much was kept for the way back."""
    before = live.now
    shape = (run.batch, run.max_length)
    learnt = run.batch * (run.max_length - 1)  # every token save the first of each row
    # A batch of several rows is padded. A single row is not, and transformers then makes no mask; it looks
    # into the values to know, which are not here.
    with (
        patch.object(masking_utils, "_ignore_causal_mask_sdpa", lambda *_, **__: run.batch == 1),
        torch.autocast("cpu", DTYPES[dtype], enabled=dtype != "float32"),
    ):
        outputs = model(
            input_ids=torch.zeros(shape, dtype=torch.long),
            attention_mask=torch.ones(shape, dtype=torch.long),
            learnt=torch.zeros(learnt, dtype=torch.long),
            targets=torch.zeros(learnt, dtype=torch.long),
            num_items_in_batch=torch.tensor(7),
        )
    if dtype != "float32":  # as accelerate does around the model
        outputs = convert_to_fp32(outputs)
    found: torch.Tensor = outputs.loss
    del outputs
    return found, live.now - before


def _weights(model: torch.nn.Module, live: Live, run: Workload) -> tuple[int, int]:
    for tensor in [*model.parameters(), *model.buffers()]:
        live.add(tensor)
    trained = sum(_bytes(p) for p in model.parameters() if p.requires_grad)
    whole = sum(_bytes(p) for p in model.parameters())
    return (whole, 0) if run.tuning == "full" else (whole - trained, trained)


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _fake(model: torch.nn.Module) -> None:
    """Puts fake tensors of the CPU where the meta device's are; tied weights stay tied."""
    made: dict[int, torch.nn.Parameter] = {}
    for module in model.modules():
        for name, old in _present(module._parameters):
            if id(old) not in made:
                blank = torch.empty(old.shape, dtype=old.dtype)
                made[id(old)] = torch.nn.Parameter(blank, requires_grad=old.requires_grad)
            module._parameters[name] = made[id(old)]
        for name, old in _present(module._buffers):
            module._buffers[name] = torch.empty(old.shape, dtype=old.dtype)


def _present(tensors: Any) -> Iterator[tuple[str, torch.Tensor]]:
    yield from [(name, tensor) for name, tensor in tensors.items() if tensor is not None]
