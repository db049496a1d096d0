"""Where this process stands among those that train together, and how they keep step.

`join` makes it known once, at the start; `here` is asked wherever it matters. Alone, everything below
does nothing. A rank that is gone leaves nobody waiting: on its own machine torchrun ends the others, and
elsewhere the connection to it breaks, or its last word in the store is found.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
from transformers import TrainingArguments

from qtune.core.text import Text, plain
from qtune.train import rundir
from qtune.train.causes import failure
from qtune.train.events import Log, Say
from qtune.train.gang import ACCUMULATION, DEALT, MICRO, PATIENCE_S, batch, effective, micro_batch
from qtune.train.job import Job

LOST = "qtune/lost"
BEACON = ".ranks"  # a file in the run directory, by which the ranks know that it is the same
APPEARS_S = 20.0  # how long a network file system may hide a fresh file
LOOKS_EVERY_S = 0.05
# Of one exchange between the ranks; NCCL's and gloo's own are 10 and 30 minutes.
SILENCE_S = 1800


@dataclass
class World:
    """`rank` of `size`, and on this machine `local_rank` of `local_size`."""

    rank: int = 0
    local_rank: int = 0
    size: int = 1
    local_size: int = 1
    store: Any = None
    turns: int = 0

    @property
    def leads(self) -> bool:
        """Is this the rank that speaks, and writes into the run directory?"""
        return self.rank == 0

    @property
    def nodes(self) -> int:
        return self.size // self.local_size

    def meet(self) -> None:
        """Go on when every rank is here."""
        self.loudest(None)

    @contextmanager
    def first(self, *, on_each_machine: bool = False) -> Iterator[None]:
        """What is inside is done by rank 0 (of each machine), and then by the others.

        For what the first leaves behind and the others find: a cache, a built model. It may take hours.
        When it fails in the first, the others do not begin.
        """
        if self.size == 1:
            yield
            return
        self.turns += 1
        machine = self.rank // self.local_size if on_each_machine else 0
        done = f"qtune/first/{self.turns}/{machine}"
        if self.rank == (machine * self.local_size if on_each_machine else 0):
            yield
            self.store.set(done, "1")
        else:
            self._await(done)
            yield

    @contextmanager
    def claim(self, folder: Path) -> Iterator[None]:
        """Hold the run directory for all ranks; raises TrainError when it is not the same for all."""
        if self.size == 1:
            with rundir.claim(folder):
                yield
        elif self.leads:
            with rundir.claim(folder):
                beacon = folder / BEACON
                token = uuid4().hex
                beacon.write_text(token, encoding="ascii")
                self.store.set("qtune/claimed", token)
                try:
                    self._await("qtune/found/all")
                finally:
                    beacon.unlink(missing_ok=True)
                yield
        else:
            self._await("qtune/claimed")
            self._find(folder, self.store.get("qtune/claimed").decode())
            if self.store.add("qtune/found", 1) == self.size - 1:
                self.store.set("qtune/found/all", "1")
            yield

    def _find(self, folder: Path, token: str) -> None:
        end = time.monotonic() + APPEARS_S
        while time.monotonic() < end:
            try:
                if (folder / BEACON).read_text(encoding="ascii") == token:
                    return
            except (OSError, ValueError):
                pass
            time.sleep(LOOKS_EVERY_S)
        raise failure("TRN082", plain(str(folder)))

    def loudest(self, number: int | None) -> int | None:
        """The largest of what each rank brings; None where all bring None. For once a step."""
        if self.size == 1:
            return number
        brought = torch.tensor(number or 0)
        torch.distributed.all_reduce(brought, op=torch.distributed.ReduceOp.MAX)
        return int(brought) or None

    def _await(self, key: str) -> None:
        # In short looks: during a wait inside the store no signal would be heard.
        end = time.monotonic() + PATIENCE_S
        while not self.store.check([key]):
            if self.store.check([LOST]) or time.monotonic() > end:
                raise failure("TRN081")
            time.sleep(LOOKS_EVERY_S)


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
