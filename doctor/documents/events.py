"""What a piece of Python source does with names, calls and settings, in its order; known by its text alone.

What the names mean is asked later (names.py), so that a cell that did not change is not read again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qtune.doctor.documents.syntax import NEWLINE, Comment, Magic, Parsed, parse
from qtune.doctor.facts.source import Spot, ValueKind

LONGEST_LITERAL = 300
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Expr:
    """A literal, a dotted name (`chain`), what a call of one gives (`made`), or a mixture of `parts`."""

    kind: ValueKind
    spot: Spot
    text: str = ""
    chain: tuple[str, ...] = ()
    made: bool = False
    parts: tuple[Expr, ...] = ()
    keys: tuple[Expr, ...] = ()  # of a dict whose values are `parts`


@dataclass(frozen=True, slots=True)
class Where:
    """`scope` are the functions around it, outermost first, `blocks` the branches and loops that may not run."""

    scope: tuple[int, ...]
    blocks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Imports:
    where: Where
    module: str
    name: str  # "" for the module itself
    bound: str
    statement: Spot
    trying: bool


@dataclass(frozen=True, slots=True)
class Binds:
    """`value` None: something that is not known."""

    where: Where
    name: str
    value: Expr | None


@dataclass(frozen=True, slots=True)
class Calls:
    where: Where
    chain: tuple[str, ...]
    spot: Spot
    whole: Spot
    arguments: tuple[tuple[str, Spot | None, Spot, Expr], ...]  # keyword, its place, whole, value
    unpacks: bool
    statement: Spot | None  # of the statement that is nothing but this call


@dataclass(frozen=True, slots=True)
class Assigns:
    """`chain[key] = value`, or `chain = value` where it is an attribute (`key` None)."""

    where: Where
    chain: tuple[str, ...]
    key: Expr | None
    value: Expr
    spot: Spot
    statement: Spot | None


Event = Imports | Binds | Calls | Assigns


@dataclass(frozen=True)
class Piece:
    """`begins` is where each line begins, `statements` the lines of simple statements of several lines."""

    events: tuple[Event, ...]
    lines: tuple[str, ...]
    begins: tuple[int, ...]
    magics: tuple[Magic, ...]
    comments: tuple[Comment, ...]
    statements: tuple[tuple[int, int], ...]
    shells: bool


@lru_cache(maxsize=1024)
def piece(text: str) -> Piece:
    parsed = parse(text)
    walk = _Walk(parsed)
    walk.body(parsed.statements, Where((), ()))
    return Piece(
        tuple(walk.events),
        parsed.lines,
        (0, *(match.end() for match in NEWLINE.finditer(text))),
        parsed.magics,
        parsed.comments,
        tuple(walk.several),
        parsed.shells,
    )


class _Walk:
    def __init__(self, parsed: Parsed) -> None:
        self.lines = parsed.lines
        self.events: list[Event] = []
        self.several: list[tuple[int, int]] = []
        self.numbers = 0
        self.depth = 0

    # --- places ---------------------------------------------------------------------------------

    def column(self, line: int, offset: int) -> int:
        """ast counts bytes of UTF-8."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return offset + 1
        return len(text.encode("utf-8", "replace")[:offset].decode("utf-8", "ignore")) + 1

    def spot(self, node: ast.expr | ast.stmt | ast.keyword | ast.alias) -> Spot:
        end_line = node.end_lineno or node.lineno
        return Spot(
            node.lineno,
            self.column(node.lineno, node.col_offset),
            end_line,
            self.column(end_line, node.end_col_offset or node.col_offset),
        )

    def inside(self, where: Where, *, scope: bool = False) -> Where:
        self.numbers += 1
        if scope:
            return Where((*where.scope, self.numbers), ())
        return Where(where.scope, (*where.blocks, self.numbers))

    # --- statements -----------------------------------------------------------------------------

    def body(self, statements: Iterable[ast.stmt], where: Where, trying: bool = False) -> None:
        if self.depth > _DEEPEST:
            return
        self.depth += 1
        for statement in statements:
            self.statement(statement, where, trying)
        self.depth -= 1

    def statement(self, node: ast.stmt, where: Where, trying: bool) -> None:
        match node:
            case ast.Import():
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    module = alias.name if alias.asname else bound
                    self.add_import(node, where, module, "", bound, trying)
                    if module != alias.name:
                        self.add_import(node, where, alias.name, "", "", trying)
            case ast.ImportFrom():
                if node.level == 0 and node.module:
                    for alias in node.names:
                        bound = alias.asname or alias.name
                        self.add_import(node, where, node.module, alias.name, bound, trying)
                else:
                    for alias in node.names:
                        self.bind(alias.asname or alias.name, None, where)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.function(node, where)
            case ast.ClassDef():
                for base in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
                    self.visit(base, where)
                self.bind(node.name, None, where)
                self.body(node.body, self.inside(where, scope=True))
            case ast.If():
                self.visit(node.test, where)
                self.body(node.body, self.inside(where))
                self.body(node.orelse, self.inside(where))
            case ast.For() | ast.AsyncFor():
                self.visit(node.iter, where)
                within = self.inside(where)
                self.unbind(node.target, within)
                self.body(node.body, within)
                self.body(node.orelse, self.inside(where))
            case ast.While():
                self.visit(node.test, where)
                self.body(node.body, self.inside(where))
                self.body(node.orelse, self.inside(where))
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.visit(item.context_expr, where)
                    if item.optional_vars is not None:
                        self.assign(item.optional_vars, self.expr(item.context_expr), where, None)
                self.body(node.body, where, trying)
            case ast.Try() | ast.TryStar():
                self.body(node.body, self.inside(where), True)
                for handler in node.handlers:
                    within = self.inside(where)
                    if handler.name:
                        self.bind(handler.name, None, within)
                    self.body(handler.body, within)
                self.body(node.orelse, self.inside(where))
                self.body(node.finalbody, where)
            case ast.Match():
                self.visit(node.subject, where)
                for case in node.cases:
                    within = self.inside(where)
                    for part in ast.walk(case.pattern):
                        name = getattr(part, "name", None) or getattr(part, "rest", None)
                        if isinstance(name, str):
                            self.bind(name, None, within)
                    self.body(case.body, within)
            case _:
                if node.end_lineno is not None and node.end_lineno > node.lineno:
                    self.several.append((node.lineno, node.end_lineno))
                self.simple(node, where)

    def add_import(
        self, node: ast.stmt, where: Where, module: str, name: str, bound: str, trying: bool
    ) -> None:
        self.events.append(Imports(where, module, name, bound, self.spot(node), trying))

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, where: Where) -> None:
        self.bind(node.name, None, where)
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if part is not None:
                self.visit(part, where)
        within = self.inside(where, scope=True)
        self.parameters(node.args, within)
        self.body(node.body, within)

    def parameters(self, arguments: ast.arguments, where: Where) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        for argument in every:
            self.bind(argument.arg, None, where)

    def simple(self, node: ast.stmt, where: Where) -> None:
        match node:
            case ast.Expr(value=ast.Call() as call):
                self.call(call, where, self.spot(node))
            case ast.Assign():
                self.visit(node.value, where)
                value = self.expr(node.value)
                for target in node.targets:
                    alone = self.spot(node) if len(node.targets) == 1 else None
                    self.assign(target, value, where, alone)
            case ast.AnnAssign():
                if node.value is not None:
                    self.visit(node.value, where)
                    self.assign(node.target, self.expr(node.value), where, self.spot(node))
            case ast.AugAssign():
                self.visit(node.value, where)
                self.unbind(node.target, where)
            case ast.Delete():
                for target in node.targets:
                    self.unbind(target, where)
            case ast.Global() | ast.Nonlocal():
                for name in node.names:  # it may be given another value from here at any time
                    self.bind(name, None, Where((), (-1,)))
                    self.bind(name, None, where)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.visit(child, where)

    # --- names ----------------------------------------------------------------------------------

    def bind(self, name: str, value: Expr | None, where: Where) -> None:
        self.events.append(Binds(where, name, value))

    def unbind(self, target: ast.expr, where: Where) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self.bind(node.id, None, where)

    def assign(self, target: ast.expr, value: Expr, where: Where, statement: Spot | None) -> None:
        match target:
            case ast.Name():
                self.bind(target.id, value, where)
            case ast.Attribute():
                if (chain := _chain(target)) is not None:
                    spot = self.spot(target)
                    self.events.append(Assigns(where, chain, None, value, spot, statement))
            case ast.Subscript():
                chain = _chain(target.value)
                if chain is not None and len(chain) < 4:
                    key, spot = self.expr(target.slice), self.spot(target)
                    self.events.append(Assigns(where, chain, key, value, spot, statement))
            case _:
                self.unbind(target, where)

    # --- expressions ----------------------------------------------------------------------------

    def visit(self, node: ast.expr, where: Where) -> None:
        """Every call in it."""
        if isinstance(node, ast.Constant | ast.Name):
            return
        if self.depth > _DEEPEST:
            return
        self.depth += 1
        match node:
            case ast.Call():
                self.call(node, where, None)
            case ast.Lambda():
                within = self.inside(where, scope=True)
                self.parameters(node.args, within)
                self.visit(node.body, within)
            case ast.NamedExpr():
                self.visit(node.value, where)
                self.assign(node.target, self.expr(node.value), self.inside(where), None)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                within = self.inside(where, scope=True)
                for generator in node.generators:
                    self.visit(generator.iter, within)
                    self.unbind(generator.target, within)
                    for test in generator.ifs:
                        self.visit(test, within)
                parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
                for part in parts:
                    self.visit(part, within)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.visit(child, where)
        self.depth -= 1

    def call(self, node: ast.Call, where: Where, statement: Spot | None) -> None:
        if isinstance(node.func, ast.Attribute):
            self.visit(node.func.value, where)
        elif not isinstance(node.func, ast.Name):
            self.visit(node.func, where)
        for argument in node.args:
            self.visit(argument.value if isinstance(argument, ast.Starred) else argument, where)
        for keyword in node.keywords:
            self.visit(keyword.value, where)
        chain = _chain(node.func)
        if chain is None:
            return
        arguments = [
            ("", None, self.spot(argument), self.expr(argument))
            for argument in node.args
            if not isinstance(argument, ast.Starred)
        ]
        named: list[tuple[str, Spot | None, Spot, Expr]] = []
        for keyword in node.keywords:
            if keyword.arg is not None:
                whole = self.spot(keyword)
                start = Spot(whole.line, whole.column, whole.line, whole.column + len(keyword.arg))
                named.append((keyword.arg, start, whole, self.expr(keyword.value)))
        unpacks = any(isinstance(a, ast.Starred) for a in node.args)
        unpacks = unpacks or any(keyword.arg is None for keyword in node.keywords)
        self.events.append(
            Calls(
                where,
                chain,
                self.spot(node.func),
                self.spot(node),
                (*arguments, *named),
                unpacks,
                statement,
            )
        )

    def expr(self, node: ast.expr) -> Expr:
        spot = self.spot(node)
        if self.depth > _DEEPEST:
            return Expr("other", spot)
        self.depth += 1
        found = self._expr(node, spot)
        self.depth -= 1
        return found

    def _expr(self, node: ast.expr, spot: Spot) -> Expr:
        match node:
            case ast.Constant(value=str() as text):
                return Expr("text", spot, text[:LONGEST_LITERAL])
            case ast.Constant(value=bool() as flag):
                return Expr("true" if flag else "false", spot)
            case ast.Constant(value=None):
                return Expr("none", spot)
            case ast.Constant(value=int() | float()):
                return Expr("number", spot)
            case ast.Name() | ast.Attribute():
                chain = _chain(node)
                if chain is None:
                    return Expr("other", spot, parts=self.several_parts([_inner(node)]))
                return Expr("other", spot, chain=chain)
            case ast.Call():
                parts = [a.value if isinstance(a, ast.Starred) else a for a in node.args[:8]]
                chain = _chain(node.func) or ()
                if isinstance(node.func, ast.Attribute) and not isinstance(
                    node.func.value, ast.Name | ast.Attribute
                ):
                    parts.append(node.func.value)
                parts += [keyword.value for keyword in node.keywords[:8]]
                return Expr("other", spot, chain=chain, made=True, parts=self.several_parts(parts))
            case ast.BinOp():
                return Expr("other", spot, parts=self.several_parts([node.left, node.right]))
            case ast.JoinedStr():
                values = [v.value for v in node.values if isinstance(v, ast.FormattedValue)]
                return Expr("other", spot, parts=self.several_parts(values[:8]))
            case ast.Await():
                return self.expr(node.value)
            case ast.Dict():
                pairs = [(k, v) for k, v in zip(node.keys, node.values, strict=True) if k]
                return Expr(
                    "other",
                    spot,
                    keys=self.several_parts([k for k, _ in pairs[:50]]),
                    parts=self.several_parts([v for _, v in pairs[:50]]),
                )
        return Expr("other", spot)

    def several_parts(self, nodes: Sequence[ast.expr | None]) -> tuple[Expr, ...]:
        return tuple(self.expr(node) for node in nodes if node is not None)


def _inner(node: ast.expr) -> ast.expr | None:
    return node.value if isinstance(node, ast.Attribute) else None


def _chain(node: ast.expr) -> tuple[str, ...] | None:
    """`a.b().c` as (a, b, c): a method of what a call gives is named by that call."""
    names: list[str] = []
    while True:
        match node:
            case ast.Attribute():
                names.append(node.attr)
                node = node.value
            case ast.Call() if names:
                node = node.func
            case ast.Name():
                names.append(node.id)
                return tuple(reversed(names))
            case _:
                return None
        if len(names) > 12:
            return None
