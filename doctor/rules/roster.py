"""The rules of a prefix by their codes: each is imported when it is asked for, so that one needs no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from qtune.doctor.rules import one

if TYPE_CHECKING:
    from qtune.doctor.rule import Rule


class Roster(Sequence["Rule"]):
    def __init__(self, *codes: str) -> None:
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Rule]: ...
    def __getitem__(self, index: int | slice) -> Rule | Sequence[Rule]:
        if isinstance(index, slice):
            return Roster(*self.codes[index])
        rule = one(self.codes[index])
        if rule is None:
            raise LookupError(f"no file holds the rule {self.codes[index]}")
        return rule
