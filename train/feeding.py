"""Puts a fast trainer together: what the loss, the layout and the micro-batches are, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from qtune.core.text import Text
from qtune.train import batchsize, distributed, kernels, loss
from qtune.train.batches import layout
from qtune.train.batches.bins import Packed, lengths_of
from qtune.train.device import Placement
from qtune.train.events import Log, Say
from qtune.train.job import Job
from qtune.train.methods import Parts
from qtune.train.stepping import Feed, Stepping
from qtune.train.trainer import SafeTrainer


class FastTrainer(SafeTrainer, Stepping):
    """Of sft and pt: whole checkpoints and finite losses by Safe, the steps by Stepping."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        if self.saving_to is not None and self.args.should_save:
            self.feed.room.write(Path(output_dir or self.run_dir))


def packed(job: Job, texts: Any, say: Say) -> Any:
    """The texts, or with `packing: true` bins of them."""
    if job.config.packing != "true":
        return texts
    bins = Packed(texts, job.config.max_length)
    full = 100 * sum(bins.lengths) / (len(bins) * job.config.max_length)
    say(
        Log(
            Text(
                f"packing: {len(texts)} examples in {len(bins)} bins of {job.config.max_length} tokens, "
                f"{full:.0f} % full; each bin counts as one example of a batch",
                f"打包：{len(texts)} 个样本装进 {len(bins)} 个 {job.config.max_length} 词元的包，"
                f"装满 {full:.0f}%；每包算作批次里的一个样本",
            )
        )
    )
    return bins


def trainer(parts: Parts, collator: Any) -> FastTrainer:
    """`collator` is for the evaluation alone."""
    feed = _feed(parts)
    training = parts.job.config.training
    # To transformers a step is one batch; into how many pieces it is cut is decided here.
    ranks = distributed.here().size
    whole = {
        "per_device_train_batch_size": -(-feed.size // ranks),
        "gradient_accumulation_steps": 1,
        "per_device_eval_batch_size": training.get("per_device_eval_batch_size") or 1,
        "use_liger_kernel": False,  # it is in the model already, and would bring a loss of its own
    }
    if kernels.tf32(training, parts.placement):
        whole["tf32"] = True
    config = replace(parts.job.config, training={**training, **whole})
    parts = replace(parts, job=replace(parts.job, config=config))
    return FastTrainer(feed=feed, data_collator=collator, **parts.safe())


def _feed(parts: Parts) -> Feed:
    config, model, device = parts.job.config, parts.model, parts.placement.device
    reasons = [kernels.attention(model, config.attn_implementation, parts.placement)]
    if (told := kernels.liger(model, config.training, parts.placement)) is not None:
        reasons.append(told)
    if config.training.get("label_smoothing_factor"):
        reasons.append(loss.own("label_smoothing_factor", "label_smoothing_factor"))
    else:
        sharded = distributed.here().size > 1 and config.distributed == "fsdp"
        reasons.append(loss.install(model, sharded=sharded))
    inner = loss.unwrapped(model)
    lengths = lengths_of(parts.texts)
    longest = max(lengths)
    size = batchsize.effective(config.training)
    with _as_in_training(parts.placement):
        laid, why = layout.choose(
            model,
            str(inner.config._attn_implementation),
            config.packing,
            lengths,
            batch=size,
            pad=int(parts.tokenizer.pad_token_id or 0),
            longest=longest,
            device=device,
            compiled=bool(config.training.get("torch_compile")),
            noisy=bool(config.training.get("neftune_noise_alpha")),
        )
    room, fits = batchsize.room(config, model, device, longest)
    for reason in (*reasons, *why, fits):
        parts.say(Log(reason))
    order = config.training.get("train_sampling_strategy", "random")
    return Feed(
        laid,
        room,
        size,
        parts.say,
        grouped=order == "group_by_length",
        shuffled=order != "sequential",
        probing=config.training["per_device_train_batch_size"] == batchsize.AUTO,
    )


def _as_in_training(placement: Placement) -> torch.autocast:
    """Whole weights in float32 are computed with in 16 bits: a kernel that knows no other would refuse them."""
    mixed = placement.dtype in (torch.bfloat16, torch.float16)
    return torch.autocast(placement.device, placement.dtype, enabled=mixed)
