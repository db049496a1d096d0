"""A run config as plain data and back: for the run's record, and for the child that trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qtune.core.rundefaults import MAX_UNUSABLE
from qtune.core.runvalues import DataSource, RunConfig

_USUAL = {"max_unusable": MAX_UNUSABLE, "distributed": "ddp", "attn_implementation": "auto"}


def recorded(config: RunConfig) -> dict[str, object]:
    """Every value of the run, as plain data; `runconfig.load` reads it back to the same config.

    A repository is named by its id, not by where this machine keeps it.
    """
    written = resolved(config)
    for key in ("data", "eval_data"):
        for source in written.get(key, ()):  # type: ignore[attr-defined]
            if "repo" in source:
                source.pop("path", None)
    return written


def resolved(config: RunConfig) -> dict[str, object]:
    """The same with the places of this machine, for `restore` in another process of it."""
    written: dict[str, object] = {
        "model": config.model,
        "method": config.method,
        "data": [_source(source) for source in config.data],
        "tuning": config.tuning,
        "lora": dict(config.lora),
        "training": dict(config.training),
        "max_length": config.max_length,
        "packing": config.packing,
        "output_dir": str(config.output_dir),
        "enable_thinking": config.enable_thinking,
        "trust_remote_code": config.trust_remote_code,
        **_more(config),
    }
    if not config.lora:  # all weights are tuned: the section would contradict that
        del written["lora"]
    return written


def _more(config: RunConfig) -> dict[str, object]:
    """Fields that most runs leave alone: written down where they say something."""
    more: dict[str, object] = {
        "eval_data": [_source(source) for source in config.eval_data],
        "eval_share": config.eval_share,
        "max_unusable": config.max_unusable,
        "streaming": config.streaming,
        "preference": dict(config.preference),
        "distributed": config.distributed,
        "attn_implementation": config.attn_implementation,
    }
    return {key: value for key, value in more.items() if _says(key, value)}


def _says(key: str, value: object) -> bool:
    return value != _USUAL[key] if key in _USUAL else bool(value)


def _source(source: DataSource) -> dict[str, object]:
    """Where it lies and its format always, the rest where it says something."""
    usual = DataSource(source.path)
    written: dict[str, object] = {"path": str(source.path), "format": source.format}
    for key, value in asdict(source).items():
        if key not in ("path", "format", "repo_id") and value != getattr(usual, key):
            written[key] = value
    if source.repo_id:
        written = {"repo": source.repo_id, **written}
        if not source.path.is_absolute():  # it was not looked for yet
            del written["path"]
    return written


def _restored(source: Mapping[str, Any]) -> DataSource:
    said = dict(source)
    repo = said.pop("repo", "")
    return DataSource(**{**said, "path": Path(said.get("path", repo)), "repo_id": repo})


def restore(values: Mapping[str, Any]) -> RunConfig:
    """What `resolved` wrote, without judging it again: the parent has, and the child trusts it."""
    model = Path(values["model"])
    return RunConfig(
        model=values["model"],
        model_path=model if model.is_absolute() else None,
        method=values["method"],
        data=tuple(_restored(source) for source in values["data"]),
        tuning=values["tuning"],
        lora=values.get("lora", {}),
        training=values["training"],
        max_length=values["max_length"],
        packing=values["packing"],
        output_dir=Path(values["output_dir"]),
        enable_thinking=values["enable_thinking"],
        trust_remote_code=values["trust_remote_code"],
        eval_data=tuple(_restored(source) for source in values.get("eval_data", ())),
        eval_share=values.get("eval_share", 0.0),
        max_unusable=values.get("max_unusable", MAX_UNUSABLE),
        streaming=values.get("streaming", False),
        preference=values.get("preference", {}),
        distributed=values.get("distributed", "ddp"),
        attn_implementation=values.get("attn_implementation", "auto"),
    )
