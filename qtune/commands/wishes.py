"""What was asked for: the command line before pyproject.toml before the profile; and what shall be kept quiet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from qtune.commands.project import here
from qtune.core.errors import UsageError
from qtune.core.rundefaults import MAX_BYTES
from qtune.core.text import Text
from qtune.doctor.facts import Suppression
from qtune.doctor.named import is_name
from qtune.doctor.outcome import FailOn
from qtune.doctor.profiles import PROFILES, NetworkErrors, Profile
from qtune.doctor.suppression import comments, project
from qtune.doctor.suppression.project import ProjectFile

if TYPE_CHECKING:
    from qtune.commands.doctor import Asked

_LARGEST = 1 << 20


@dataclass(frozen=True)
class Wishes:
    """`name` is the profile's; `file` what pyproject.toml says, its mistakes included."""

    name: str
    profile: Profile
    fail_on: FailOn
    network_errors: NetworkErrors
    strict: bool
    skip: tuple[str, ...]
    timeout_s: float
    file: ProjectFile


def wishes(asked: Asked) -> Wishes:
    """Raises UsageError CFG092 for a profile that cannot do what the options want."""
    replayed = (
        asked.facts is not None
    )  # facts from elsewhere are not judged by this folder's wishes
    file = ProjectFile() if replayed else project_file(here())
    given = file.values
    name = asked.profile or given.get("profile", "default")
    profile = PROFILES[name]
    if profile.example and asked.fix:
        raise UsageError(
            "CFG092",
            Text(f"--profile {name} writes nothing: --fix does not go with it",
                 f"--profile {name} 不写入任何内容，不能与 --fix 同时使用"),
        )  # fmt: skip
    network_errors = asked.network_errors or given.get("network-errors") or profile.network_errors
    return Wishes(
        name=name,
        profile=profile,
        fail_on=cast(FailOn, asked.fail_on or given.get("fail-on", "error")),
        network_errors=cast(Literal["error", "warn"], network_errors),
        strict=asked.strict or file.strict,
        skip=tuple(dict.fromkeys((*asked.skip, *file.skip, *profile.skip))),
        timeout_s=asked.timeout or profile.timeout_s,
        file=file,
    )


def project_file(folder: Path) -> ProjectFile:
    """What the folder's pyproject.toml says to the doctor; nothing where there is none."""
    path = folder / "pyproject.toml"
    try:
        data = _read(path, _LARGEST)
    except OSError as error:
        return project.unreadable(path, error.strerror or str(error))
    if data is None or b"qtune" not in data:
        return ProjectFile()
    try:
        return project.read(data.decode("utf-8-sig"), path, is_name)
    except UnicodeDecodeError:
        return project.unreadable(path, "not UTF-8")


def in_run_config(named: str | None) -> tuple[Suppression, ...]:
    """Those in the comments of a run config; one that cannot be read is told elsewhere."""
    if named is None:
        return ()
    path = Path(named)
    try:
        data = _read(path, MAX_BYTES)
        return comments.in_yaml(data.decode("utf-8-sig"), path) if data is not None else ()
    except (OSError, UnicodeDecodeError):
        return ()


def suppressions(run_config: str | None) -> tuple[Suppression, ...]:
    """All that is written beside `.env`, for commands that look before they act."""
    return (*in_run_config(run_config), *project_file(here()).suppressions)


def _read(path: Path, largest: int) -> bytes | None:
    """None for what is no plain file, or too large to be one of ours."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        data = file.read(largest + 1)
    return data if len(data) <= largest else None
