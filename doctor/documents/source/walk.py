"""A piece of Python source as its events; one that did not change is not read again."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache

from qtune.doctor.documents.source.events import (
    Assigns,
    Binds,
    Calls,
    Event,
    Expr,
    Imports,
    Piece,
    Where,
)
from qtune.doctor.documents.source.expressions import Reader, chain_of
from qtune.doctor.documents.source.syntax import NEWLINE, Parsed, parse
from qtune.doctor.facts.source import Spot

_DEEPEST = 60


@lru_cache(maxsize=512)
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
        parsed.broken,
    )


class _Walk:
    def __init__(self, parsed: Parsed) -> None:
        self.read = Reader(parsed.lines)
        self.events: list[Event] = []
        self.several: list[tuple[int, int]] = []
        self.numbers = 0
        self.depth = 0

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
                        self.assign(
                            item.optional_vars, self.read.expr(item.context_expr), where, None
                        )
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
        self.events.append(Imports(where, module, name, bound, self.read.spot(node), trying))

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
                self.call(call, where, self.read.spot(node))
            case ast.Assign():
                self.visit(node.value, where)
                value = self.read.expr(node.value)
                for target in node.targets:
                    alone = self.read.spot(node) if len(node.targets) == 1 else None
                    self.assign(target, value, where, alone)
            case ast.AnnAssign():
                if node.value is not None:
                    self.visit(node.value, where)
                    self.assign(
                        node.target, self.read.expr(node.value), where, self.read.spot(node)
                    )
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
                if (chain := chain_of(target)) is not None:
                    spot = self.read.spot(target)
                    self.events.append(Assigns(where, chain, None, value, spot, statement))
            case ast.Subscript():
                chain = chain_of(target.value)
                if chain is not None and len(chain) < 4:
                    key, spot = self.read.expr(target.slice), self.read.spot(target)
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
            case ast.Subscript(slice=ast.Constant(value=str())):
                self.visit(node.value, where)
                self.read_item(node, where)
            case ast.Lambda():
                within = self.inside(where, scope=True)
                self.parameters(node.args, within)
                self.visit(node.body, within)
            case ast.NamedExpr():
                self.visit(node.value, where)
                self.assign(node.target, self.read.expr(node.value), self.inside(where), None)
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

    def read_item(self, node: ast.Subscript, where: Where) -> None:
        """`os.environ["KEY"]` is told as the call that it is."""
        chain = chain_of(node.value)
        if chain is not None and chain[-1] == "environ":
            spot, key = self.read.spot(node), self.read.expr(node.slice)
            arguments = (("", None, key.spot, key),)
            where_read = (*chain, "__getitem__")
            self.events.append(Calls(where, where_read, spot, spot, arguments, False, None))

    def call(self, node: ast.Call, where: Where, statement: Spot | None) -> None:
        if isinstance(node.func, ast.Attribute):
            self.visit(node.func.value, where)
        elif not isinstance(node.func, ast.Name):
            self.visit(node.func, where)
        for argument in node.args:
            self.visit(argument.value if isinstance(argument, ast.Starred) else argument, where)
        for keyword in node.keywords:
            self.visit(keyword.value, where)
        chain = chain_of(node.func)
        if chain is None:
            return
        arguments = [
            ("", None, self.read.spot(argument), self.read.expr(argument))
            for argument in node.args
            if not isinstance(argument, ast.Starred)
        ]
        named: list[tuple[str, Spot | None, Spot, Expr]] = []
        for keyword in node.keywords:
            if keyword.arg is not None:
                whole = self.read.spot(keyword)
                start = Spot(whole.line, whole.column, whole.line, whole.column + len(keyword.arg))
                named.append((keyword.arg, start, whole, self.read.expr(keyword.value)))
        unpacks = any(isinstance(a, ast.Starred) for a in node.args)
        unpacks = unpacks or any(keyword.arg is None for keyword in node.keywords)
        self.events.append(
            Calls(
                where,
                chain,
                self.read.spot(node.func),
                self.read.spot(node),
                (*arguments, *named),
                unpacks,
                statement,
            )
        )
