"""What a document is judged beside its own text: the process's variables and the doctor's last reports.

Never the network: what is known of it is what the last report found, and how old that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtune.core.envfile import EnvDocument
    from qtune.doctor.lastreports import LastReport


def _none(model: str | None) -> None:
    return None


@dataclass(frozen=True)
class World:
    """`report` gives the last report about a model, or with None the newest of the project; None: there is none.

    `user` is the user's own config, which goes before a project's `.env`.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    report: Callable[[str | None], LastReport | None] = _none
    user: EnvDocument | None = None


NOTHING_ELSE = World()
