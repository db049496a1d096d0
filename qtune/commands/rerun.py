"""`qtune run RUN_DIR`: the run that a directory is the record of, gone on with there or repeated elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.train.rundir import CONFIG, recorded

if TYPE_CHECKING:
    from qtune.core.runconfig import RunConfig
    from qtune.core.text import Text


def target(named: str) -> tuple[Path, tuple[str, ...]]:
    """The run config that is meant, and what holds before the user's own overrides.

    A run directory may have been moved: it is where it is found, whatever its run.yaml says.
    """
    folder = Path(named)
    if not (folder / CONFIG).is_file():
        return folder, ()
    return folder / CONFIG, (f"output_dir={json.dumps(str(folder.absolute()))}",)


def differences(named: str, config: RunConfig) -> list[Text]:
    """What a repetition elsewhere will not have as the first run had it: files of data, versions."""
    from qtune.train import provenance

    folder = Path(named)
    record = recorded(folder) if (folder / CONFIG).is_file() else None
    if record is None or config.output_dir == folder.absolute():
        return []  # in the same place the run itself refuses to mix two trainings
    now = {
        "versions": provenance.versions(None),
        "data": list(provenance.hashes(config.data)),
        "eval_data": list(provenance.hashes(config.eval_data)),
    }
    return provenance.changes(record.about, now)
