"""The card of an exported model: what it is, what it was trained on and how, and nothing of this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from qtune import __version__
from qtune.core import runconfig
from qtune.core.runconfig import DataSource, RunConfig
from qtune.core.rundefaults import QUICKSTART
from qtune.train.after.trained import Trained

_THINKING = {True: "on", False: "off", None: "as the template has it"}


def card(trained: Trained, base: str, verified: Mapping[str, Any]) -> str:
    """`verified` is what the merge was measured to be; empty where nothing was merged."""
    named = "" if is_local(base) else base
    config = trained.config
    lines = ["---", *([f"base_model: {named}"] if named else []), "library_name: transformers"]
    lines += ["pipeline_tag: text-generation", "tags: [qtune]", "---", ""]
    lines += [f"# {named.rpartition('/')[2] or 'A model'}, tuned with qtune", ""]
    if verified:
        lines += [
            f"An adapter merged into {named or 'a model of its author'}, stored as "
            f"{verified['dtype']}. On probe prompts its logits are {verified['apart']:.1e} from the "
            f"adapter's own ({verified['allowed']:.0e} allowed).",
            "",
        ]
    if config is not None:
        lines += [*_trained(config, trained.folder), ""]
        lines += ["```yaml", yaml.safe_dump(shareable(config), sort_keys=False).rstrip(), "```", ""]
    lines += [f"Made by qtune {__version__}."]
    return "\n".join(lines) + "\n"


def _trained(config: RunConfig, run: Path) -> list[str]:
    lines = [
        f"- Method: {config.method}, {config.tuning}",
        f"- Data: {', '.join(_name(source) for source in config.data)}",
        f"- Thinking: {_THINKING[config.enable_thinking]}",
    ]
    last = _last(run / "metrics.jsonl")
    if "loss" in last and "step" in last:
        lines.append(f"- Last training loss: {last['loss']:.4f}, at step {last['step']}")
    held_out = last.get("eval_loss")
    if isinstance(held_out, float):
        lines.append(f"- Held-out loss: {held_out:.4f}")
    return lines


def _last(path: Path) -> dict[str, Any]:
    """The newest value of each key of the course."""
    values: dict[str, Any] = {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            values |= json.loads(line)
    except (OSError, ValueError, TypeError):
        pass
    return values


def is_local(base: str) -> bool:
    return not base or Path(base).is_absolute() or base.startswith((".", "~", "\\")) or ":" in base


def _name(source: DataSource) -> str:
    return source.repo_id or source.path.name


def shareable(config: RunConfig) -> dict[str, object]:
    """The config without a path of this machine: names of files alone, no output_dir."""
    values = runconfig.resolved(config)
    values.pop("output_dir", None)
    if config.model_path is not None:
        values["model"] = config.model_path.name
    elif config.model == QUICKSTART:
        values["model"] = QUICKSTART
    for key, sources in (("data", config.data), ("eval_data", config.eval_data)):
        if key in values:
            written = values[key]
            assert isinstance(written, list)
            values[key] = [
                {**entry, "path": _name(source)}
                for entry, source in zip(written, sources, strict=True)
            ]
    return values
