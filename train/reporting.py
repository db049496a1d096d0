"""`training.report_to`: where else the course of a run is shown, and where those programs keep their files."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from importlib.util import find_spec

from qtune.core.errors import TrainError
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text, plain
from qtune.train.causes import failure

# Any of a name's packages will do.
PACKAGES = {
    "tensorboard": ("tensorboard", "tensorboardX"),
    "wandb": ("wandb",),
    "swanlab": ("swanlab",),
    "trackio": ("trackio",),
}


def names(config: RunConfig) -> tuple[str, ...]:
    """None are asked for by default; `none` is nobody."""
    given = config.training.get("report_to")
    listed = given if isinstance(given, (list, tuple)) else [given]
    return tuple(str(name) for name in listed if name and name != "none")


def check(config: RunConfig) -> None:
    """Raises TrainError before anything is loaded when a package is not there."""
    for name in names(config):
        packages = PACKAGES.get(name, (name,))
        if not any(find_spec(package) for package in packages):
            install = f"pip install {packages[0]}"
            raise failure(
                "TRN120",
                plain(f"training.report_to: {name}"),
                Text(
                    f"{install}, or remove the line: metrics.jsonl and report.html are written anyway.",
                    f"请运行 {install}，或删掉这一行：metrics.jsonl 和 report.html 无论如何都会写。",
                ),
            )


def settle(config: RunConfig, environ: MutableMapping[str, str] = os.environ) -> None:
    """Their files go into the run directory, and no model is sent anywhere, unless the user says otherwise."""
    run = config.output_dir
    if not names(config):
        return  # the environment of who asked for none stays as it is
    for key, value in (
        ("TENSORBOARD_LOGGING_DIR", str(run / "tensorboard")),
        ("WANDB_DIR", str(run)),
        ("WANDB_PROJECT", "qtune"),
        ("WANDB_LOG_MODEL", "false"),
        ("SWANLAB_LOG_DIR", str(run / "swanlab")),
        ("SWANLAB_PROJECT", "qtune"),
    ):
        environ.setdefault(key, value)


def arguments(config: RunConfig) -> dict[str, object]:
    """The fields of TrainingArguments about it."""
    given = names(config)
    if not given:
        return {"report_to": "none"}
    return {
        "report_to": list(given),
        "run_name": config.training.get("run_name") or config.output_dir.name,
        "project": config.training.get("project") or "qtune",
    }


def translated(error: BaseException) -> TrainError | None:
    """What such a program raised (no key, no network) as an error of the catalogue."""
    module = type(error).__module__.partition(".")[0]
    if module not in {package for packages in PACKAGES.values() for package in packages}:
        return None
    lines = [line for line in str(error).splitlines() if line.strip()][:4]
    return failure("TRN121", plain(f"{module}: " + "\n".join(lines)[:600]))
