"""What a run config says once it has been read: plain, frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qtune.core.rundefaults import MAX_UNUSABLE
from qtune.core.runproblems import ConfigProblem


@dataclass(frozen=True)
class Defaults:
    """What the settings say where a run config is silent: DEFAULT_MODEL and QTUNE_OUTPUT_DIR.

    `shares`: may a path lead to another machine? Whoever only reads a text must not ask one.
    """

    model: str
    output_root: Path
    root: Path
    shares: bool = True


@dataclass(frozen=True)
class DataSource:
    """`path` is absolute, save for QUICKSTART; `format` is one of FORMATS.

    `weight` is how often its rows are seen beside those of weight 1. `repo_id` names a dataset repository
    (`path` repeats it then): `hub` is "", hf or modelscope, `subset` a folder or configuration of it.
    """

    path: Path
    format: str = "auto"
    weight: float = 1.0
    split: str = "train"
    repo_id: str = ""
    subset: str = ""
    hub: str = ""
    revision: str = ""


@dataclass(frozen=True)
class RunConfig:
    """`model` is a repo id, QUICKSTART, or (then `model_path` is set) a local folder.

    `lora` is empty where all weights are tuned. `eval_share` of the training rows is kept out of training
    and evaluated, unless `eval_data` says what is. `max_unusable` is the share of rows that may be
    unusable. `preference` are the numbers of dpo, kto and reward.
    """

    model: str
    model_path: Path | None
    method: str
    data: tuple[DataSource, ...]
    tuning: str
    lora: Mapping[str, object]
    training: Mapping[str, object]
    max_length: int
    packing: str
    output_dir: Path
    enable_thinking: bool | None
    trust_remote_code: bool
    eval_data: tuple[DataSource, ...] = ()
    eval_share: float = 0.0
    max_unusable: float = MAX_UNUSABLE
    streaming: bool = False
    preference: Mapping[str, object] = field(default_factory=dict)
    distributed: str = "ddp"
    attn_implementation: str = "auto"
    warnings: tuple[ConfigProblem, ...] = ()
