"""Expressions of Python source: literals, dotted names, and what is made of them, with their places."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from qtune.doctor.documents.source.events import Expr
from qtune.doctor.facts.source import Spot

LONGEST_LITERAL = 300
_DEEPEST = 60


class Reader:
    """Reads the expressions of a text with these lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.depth = 0

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
                chain = chain_of(node)
                if chain is None:
                    return Expr("other", spot, parts=self.several_parts([_inner(node)]))
                return Expr("other", spot, chain=chain)
            case ast.Call():
                parts = [a.value if isinstance(a, ast.Starred) else a for a in node.args[:8]]
                chain = chain_of(node.func) or ()
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


def chain_of(node: ast.expr) -> tuple[str, ...] | None:
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
