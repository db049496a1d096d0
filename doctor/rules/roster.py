"""Rules by their codes: each is imported when it is asked for, so that one needs no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


class Codes(Mapping[str, "Rule"]):
    """The same by code."""

    def __init__(self, rules: Roster) -> None:
        self._rules = rules
        self._places = {code: place for place, code in enumerate(rules.codes)}

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, code: object) -> bool:
        return code in self._places

    def __getitem__(self, code: str) -> Rule:
        return self._rules[self._places[code]]
