"""How this process joins those that train together, and what of the job and of the model is its own.

`join` makes it known once, at the start; `here` is asked wherever it matters.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import torch
from transformers import TrainingArguments

from qtune.core.text import Text
from qtune.train.causes import failure
from qtune.train.events import Log, Say
from qtune.train.gang import ACCUMULATION, DEALT, MICRO, batch, effective, micro_batch
from qtune.train.job import Job
from qtune.train.world import LOST, World

# Of one exchange between the ranks; NCCL's and gloo's own are 10 and 30 minutes.
SILENCE_S = 1800


_HERE = World()


def here() -> World:
    return _HERE


def join(device: str, say: Say, silence_s: float = SILENCE_S) -> World:
    """Meet the other ranks that torchrun started; alone where it did not.

    `device` is QTUNE_DEVICE; on CUDA each rank takes the card of its number.
    """
    global _HERE
    if "TORCHELASTIC_RUN_ID" not in os.environ or torch.distributed.is_initialized():
        return _HERE
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]
    from torch.distributed.rendezvous import rendezvous

    local_rank, local_size = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    on_cuda = device in ("auto", "cuda") and torch.cuda.is_available()
    if on_cuda:
        _take_card(local_rank, local_size, say)
    silence = timedelta(seconds=silence_s)
    store, rank, size = next(rendezvous("env://", timeout=silence))
    torch.distributed.init_process_group(
        # gloo beside NCCL: what is asked once a step must not make the GPU wait.
        backend="cpu:gloo,cuda:nccl" if on_cuda else "gloo",
        store=PrefixStore("torch", store),
        rank=rank,
        world_size=size,
        timeout=silence,
    )
    _HERE = World(rank, local_rank, size, local_size, store)
    say(Log(_told(_HERE, "cuda" if on_cuda else "cpu")))
    return _HERE


def give_up() -> None:
    """The last word of a rank that failed, for those on other machines that wait for it."""
    if _HERE.store is not None:
        with suppress(RuntimeError):  # the store may be what failed
            _HERE.store.set(LOST, str(_HERE.rank))


def leave() -> None:
    """After the last word: without this, torch warns of what was not released."""
    global _HERE
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    _HERE = World()


def _take_card(local_rank: int, local_size: int, say: Say) -> None:
    cards = torch.cuda.device_count()
    if local_size > cards:
        raise failure(
            "TRN083",
            Text(
                f"--nproc {local_size}, and torch sees {cards}",
                f"--nproc {local_size}，而 torch 只看到 {cards} 张",
            ),
        )
    torch.cuda.set_device(local_rank)
    from accelerate.utils import check_cuda_p2p_ib_support  # type: ignore[import-untyped]

    lacking = [key for key in ("NCCL_P2P_DISABLE", "NCCL_IB_DISABLE") if key not in os.environ]
    if lacking and not check_cuda_p2p_ib_support():
        # As accelerate's own launcher does; accelerate refuses to train without.
        os.environ.update(dict.fromkeys(lacking, "1"))
        words = ", ".join(f"{key}=1" for key in lacking)
        say(
            Log(
                Text(
                    f"{words}: these cards cannot reach each other directly",
                    f"{words}：这种显卡之间不能直接通信",
                )
            )
        )


def _told(world: World, device: str) -> Text:
    over = "NCCL" if device == "cuda" else "gloo"
    if world.nodes == 1:
        return Text(
            f"{world.size} processes, over {over}", f"{world.size} 个进程，通过 {over} 通信"
        )
    return Text(
        f"{world.size} processes on {world.nodes} machines, over {over}",
        f"{world.nodes} 台机器上共 {world.size} 个进程，通过 {over} 通信",
    )


def arranged(job: Job, say: Say) -> Job:
    """The job as each rank does it: its part of the batch, and how the model is spread."""
    training = dict(job.config.training)
    if _HERE.size == 1:
        if job.config.distributed == "fsdp":
            say(
                Log(
                    Text(
                        "distributed: fsdp needs several processes (--nproc); this run has one",
                        "distributed: fsdp 需要多个进程（--nproc），本次只有一个",
                    ),
                    "warning",
                )
            )
        return job
    say(Log(*batch(job.config, _HERE.size)))
    if job.config.method not in DEALT:
        rows = effective(job.config, _HERE.size)
        training[MICRO] = micro_batch(job.config, _HERE.size)
        training[ACCUMULATION] = rows // (int(str(training[MICRO])) * _HERE.size)
    if job.config.distributed == "fsdp":
        if training.get("load_best_model_at_end"):
            raise failure(
                "TRN012",
                Text(
                    "load_best_model_at_end does not go with distributed: fsdp",
                    "load_best_model_at_end 不能和 distributed: fsdp 一起使用",
                ),
            )
        training |= sharded()
    elif not _has_experts(job):
        # Else transformers has DDP look in each step for parameters that nothing came to.
        training.setdefault("ddp_find_unused_parameters", False)
    return replace(job, config=replace(job.config, training=training))


def sharded() -> dict[str, object]:
    """The arguments that have accelerate spread parameters, gradients and optimizer by FSDP2.

    Activation checkpointing stays transformers' own: FSDP's renames the layers, and peft then finds
    nothing in them to save.
    """
    return {
        "fsdp": True,
        "fsdp_config": {
            "version": 2,
            "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "reshard_after_forward": True,
            "state_dict_type": "FULL_STATE_DICT",  # a checkpoint is a model, not shards of one
        },
    }


def prepare(arguments: TrainingArguments) -> None:
    """accelerate spreads a model over GPUs alone; among CPUs it would leave it whole, without a word."""
    if arguments.fsdp and arguments.device.type == "cpu":
        from accelerate import PartialState  # type: ignore[import-untyped]
        from accelerate.utils import DistributedType

        # Its own device stays what it is.
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU


def _has_experts(job: Job) -> bool:
    """Of those, a step may well leave some alone."""
    try:
        return "experts" in (job.snapshot / "config.json").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return True
