"""What only the user can do, as a fix."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Applicability, Fix


def manual(en: str, zh: str, *, command: str = "", url: str = "") -> Fix:
    return Fix(Text(en, zh), Applicability.MANUAL, command=command, url=url)
