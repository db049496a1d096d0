"""What stands in Python source: calls, imports and settings by their whole names, and where; nothing was run.

Tokens are masked. Lines and columns are 1-based, in characters; ends are exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ValueKind = Literal["text", "true", "false", "none", "number", "other"]


@dataclass(frozen=True)
class Spot:
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class CodeValue:
    """`text` is that of a literal, at `literal`, which may stand elsewhere and be reached by a name.

    `made_by` are the functions of whose results it is made, `name` the dotted name of what is no literal.
    """

    spot: Spot
    kind: ValueKind = "other"
    text: str = ""
    literal: Spot | None = None
    made_by: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Argument:
    """`keyword` "" is a positional one; `keyword_spot` is the keyword alone, `whole` with its value."""

    value: CodeValue
    whole: Spot
    keyword: str = ""
    keyword_spot: Spot | None = None


@dataclass(frozen=True)
class CodeCall:
    """`function` is the whole name, `huggingface_hub.HfApi.snapshot_download` also for a method.

    `unpacks`: there is a * or ** among its arguments, so that not all of them are known.
    """

    function: str
    spot: Spot
    whole: Spot
    arguments: tuple[Argument, ...] = ()
    unpacks: bool = False

    def keyword(self, name: str) -> Argument | None:
        return next((a for a in self.arguments if a.keyword == name), None)

    def argument(self, position: int, *names: str) -> Argument | None:
        """By one of its names, or by its place among the positional ones."""
        for name in names:
            if (found := self.keyword(name)) is not None:
                return found
        places = [argument for argument in self.arguments if not argument.keyword]
        if position >= len(places) or (self.unpacks and position > 0):
            return None
        return places[position]


@dataclass(frozen=True)
class CodeImport:
    """`module` is the dotted name of the module, `name` what is taken out of it ("" for the module itself)."""

    module: str
    name: str
    statement: Spot
    surely: bool = True  # it runs whenever the file does: at the top level, under no condition


@dataclass(frozen=True)
class CodeVariable:
    """An environment variable that the code sets for its own process.

    `spot` is the subscript where it is one, with the key written out: `os_name` is then what comes before
    `.environ`. `statement` can be moved as whole lines where `movable`: nothing else stands in them.
    """

    key: str
    value: CodeValue
    spot: Spot
    statement: Spot
    movable: bool = False
    os_name: str = ""


@dataclass(frozen=True)
class CodeAssignment:
    """An attribute that is given a value: `requests.Session.verify`."""

    target: str
    value: CodeValue
    spot: Spot


@dataclass(frozen=True)
class CodeToken:
    """`kept`: in the code, or in what a notebook saved of an output. `variable` is given it, or the keyword."""

    hub: Literal["huggingface", "modelscope"]
    masked: str
    spot: Spot
    kept: Literal["code", "output"]
    variable: str = ""


@dataclass(frozen=True)
class SourceCode:
    """`cells` are the first lines of a notebook's cells; () for a file.

    `folders` are the literals that name a folder here as well as a repository there.
    `starts_programs`: others may read the environment that it sets. `reloads`: a module may be read again.
    """

    path: str
    imports: tuple[CodeImport, ...] = ()
    calls: tuple[CodeCall, ...] = ()
    variables: tuple[CodeVariable, ...] = ()
    assignments: tuple[CodeAssignment, ...] = ()
    tokens: tuple[CodeToken, ...] = ()
    cells: tuple[int, ...] = ()
    folders: tuple[str, ...] = ()
    starts_programs: bool = False
    reloads: bool = False
