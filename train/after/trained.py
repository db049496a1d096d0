"""What a run directory (or any folder with an adapter or a model) holds, read without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from qtune.core import runconfig
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text, plain
from qtune.train import checkpoints
from qtune.train.causes import failure

ADAPTER = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
_WHOLE = ("model.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True)
class Trained:
    """`adapter`: the folder holds an adapter, to be put on `base`; else it holds a whole model, that came
    from `base`. `base` is a repo id, a folder, or "" where nobody wrote it down.

    `config` is the run's own, None where there is no run.yaml.
    """

    folder: Path
    adapter: bool
    base: str
    config: RunConfig | None

    @property
    def enable_thinking(self) -> bool | None:
        return self.config.enable_thinking if self.config else None


def read(folder: Path) -> Trained:
    """Raises TrainError TRN100 for a folder without a trained model."""
    if not folder.is_dir():
        raise failure("TRN100", Text(f"{folder}: no such folder", f"{folder}：文件夹不存在"))
    config = _config(folder / "run.yaml")
    if config is None and checkpoints.NAME.fullmatch(folder.name):
        config = _config(folder.parent / "run.yaml")  # which stands beside the checkpoints
    if (folder / ADAPTER_CONFIG).is_file():
        if not (folder / ADAPTER).is_file():
            raise failure("TRN100", _lacking(folder, ADAPTER))
        named = _json(folder / ADAPTER_CONFIG).get("base_model_name_or_path")
        return Trained(folder, True, str(named or ""), config)
    if (folder / "config.json").is_file() and any((folder / name).is_file() for name in _WHOLE):
        return Trained(folder, False, config.model if config else "", config)
    state = _json(folder / "record.json").get("state")
    if state and state != "finished":
        raise failure(
            "TRN100",
            Text(f"{folder}: the training is not finished", f"{folder}：训练还没有完成"),
            Text(
                "Finish it: run the same qtune run again.", "请再次运行同样的 qtune run 来完成它。"
            ),
        )
    raise failure("TRN100", _lacking(folder, ADAPTER_CONFIG))


def _lacking(folder: Path, name: str) -> Text:
    return Text(f"{folder}: there is no {name}", f"{folder}：缺少 {name}")


def _config(path: Path) -> RunConfig | None:
    """Of a run.yaml that somebody broke, the rest of the folder is still worth something."""
    try:
        return runconfig.restore(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None


def _json(path: Path) -> Mapping[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def check_whole(folder: Path) -> None:
    """Raises TrainError TRN111 for weights that a full disk or a broken copy cut short."""
    for path in sorted(folder.glob("*.safetensors")):
        fault = _cut(path)
        if fault:
            raise failure("TRN111", plain(f"{path}: {fault}"))


def _cut(path: Path) -> str:
    """safetensors begins with the length of its header, which says where each tensor ends."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            return f"{size} bytes, shorter than its header"
        try:
            header = json.loads(file.read(length))
            ends = [
                int(entry["data_offsets"][1])
                for name, entry in header.items()
                if name != "__metadata__"
            ]
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return "its header cannot be read"
    expected = 8 + length + max(ends, default=0)
    return "" if size == expected else f"{size} bytes instead of {expected}"
