"""`docs/rules/tests.md`: the tests that provoke each code, and those that come close to it and must not.

Read from the marks `triggers` and `spares` in tests/, without importing a test.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qtune.core.text import Lang, Text
from qtune.doctor.rules import RULES

ROOT = Path(__file__).parents[1]
KINDS = ("triggers", "spares")


@dataclass(frozen=True)
class Proof:
    """One test and one code. `kind` is the mark, `path` relative to the repository."""

    code: str
    kind: str
    path: str
    test: str
    source: str  # of the test without its marks

    @property
    def link(self) -> str:
        words = self.test.removeprefix("test_").replace("_", " ")
        return f"[{words}](../../{self.path})"


def proofs(root: Path = ROOT) -> list[Proof]:
    """Every mark of every test, in the order of files and lines."""
    found: list[Proof] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        if not any(f"mark.{kind}" in text for kind in KINDS):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found += _of(node, path.relative_to(root).as_posix())
    return found


def _of(test: ast.FunctionDef, path: str) -> Iterator[Proof]:
    """The marks of the test itself, and those of single rows of its `parametrize`."""
    marks = [mark for decorator in test.decorator_list for mark in _marks(decorator)]
    written = {id(argument) for _, arguments in marks for argument in arguments}
    source = " ".join(
        node.id.upper() if isinstance(node, ast.Name) else str(node.value)
        for node in ast.walk(test)
        if isinstance(node, ast.Name)  # net109.judge(facts)
        or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in written
        )
    )
    for kind, arguments in marks:
        for argument in arguments:
            if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                raise ValueError(f"{path}:{argument.lineno}: a mark names its codes literally")
            yield Proof(argument.value, kind, path, test.name, source)


def _marks(decorator: ast.expr) -> Iterator[tuple[str, list[ast.expr]]]:
    for node in ast.walk(decorator):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, owner = node.func.attr, node.func.value
            if name in KINDS and isinstance(owner, ast.Attribute) and owner.attr == "mark":
                yield name, node.args


def files() -> Iterator[tuple[str, str]]:
    found = proofs()
    yield "docs/rules/tests.md", table(found, "en")
    yield "docs/rules/tests.zh.md", table(found, "zh")


def table(found: list[Proof], lang: Lang) -> str:
    title = Text("What proves each rule", "每条规则由哪些测试证明").to(lang)
    lead = Text(
        "Each code is provoked by tests through real sockets, real files or real processes, and has close "
        "neighbours that must not provoke it. Hardware that a test machine has not is replayed from recorded "
        "output of its driver; the page of the code says so.",
        "每个代码都有测试通过真实的套接字、真实的文件或真实的进程触发它，"
        "也有与之非常接近但不应触发它的测试。测试机上没有的硬件，用录制的驱动输出重放；对应代码的页面会注明。",
    ).to(lang)
    head = Text("| Code | Name | Provoked by | Not by |", "| 代码 | 名称 | 触发 | 不触发 |").to(
        lang
    )
    page = ".zh.md" if lang == "zh" else ".md"
    lines = [f"# {title}", "", "<!-- made by scripts/generate.py from the marks in tests/ -->", ""]
    lines += [lead, "", head, "|---|---|---|---|"]
    for rule in RULES:
        cells = (
            "<br>".join(
                dict.fromkeys(p.link for p in found if (p.code, p.kind) == (rule.code, kind))
            )
            for kind in KINDS
        )
        lines.append(f"| [{rule.code}]({rule.code}{page}) | {rule.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
