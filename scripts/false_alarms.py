"""What `qtune check` says of code that works: installed packages, and the examples in their docstrings.

`python -m scripts.false_alarms [--show] [PACKAGE…]` prints the table of docs/editors.md; `--show` each finding.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qtune.doctor.documents.check import check
from qtune.doctor.documents.source import python
from qtune.doctor.documents.world import NOTHING_ELSE
from qtune.doctor.finding import Finding
from qtune.doctor.rules.src.functions import repo_calls

PACKAGES = (
    "transformers", "peft", "accelerate", "datasets", "huggingface_hub", "modelscope",
    "modelscope_hub", "torch", "safetensors", "tokenizers",
)  # fmt: skip
_FENCE = re.compile(r"^([ \t]*)```(?:python|py)[^\n]*\n(.*?)^[ \t]*```", re.M | re.S)
_DOCTEST = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: (.*))?$", re.M)


@dataclass
class Tally:
    files: int = 0
    examples: int = 0
    calls: int = 0  # that ask a hub for a repository, and were understood as such
    findings: list[tuple[str, Finding]] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=PACKAGES, help="names, or folders")
    parser.add_argument("--show", action="store_true", help="print each finding with its line")
    options = parser.parse_args(arguments)
    print("| Package | Files | Examples | Calls of a hub | Findings |\n|---|---|---|---|---|")
    for package in options.packages:
        tally = tallied(package)
        codes = Counter(finding.code for _, finding in tally.findings)
        told = ", ".join(f"{code} × {count}" for code, count in sorted(codes.items())) or "none"
        seen = f"{tally.files} | {tally.examples} | {tally.calls}"
        print(f"| {package} | {seen} | {told} |", flush=True)
        if options.show:
            for line, finding in tally.findings:
                span = finding.span
                where = f"{span.path}:{span.line}" if span is not None else ""
                print(f"    {finding.code} {where}: {line.strip()[:160]}", file=sys.stderr)
    return 0


def tallied(package: str) -> Tally:
    tally = Tally()
    for path in _files(package):
        text = path.read_text("utf-8", "replace")
        tally.files += 1
        _judge(text, path, tally)
        for number, example in enumerate(_examples(text, path)):
            tally.examples += 1
            _judge(example, path.with_name(f"{path.name}#{number}.py"), tally)
    return tally


def _judge(text: str, path: Path, tally: Tally) -> None:
    if path.suffix == ".py":
        tally.calls += len(repo_calls(python.source(text, path)))
    for finding in check(text, path, world=NOTHING_ELSE).findings:
        span = finding.span
        line = text.splitlines()[span.line - 1] if span is not None else ""
        tally.findings.append((line, finding))


def _files(package: str) -> Iterator[Path]:
    root = Path(package)
    if not root.is_dir():
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            return
        root = Path(next(iter(spec.submodule_search_locations)))
    for pattern in ("*.py", "*.ipynb", "*.md"):
        yield from sorted(path for path in root.rglob(pattern) if path.is_file())


def _examples(text: str, path: Path) -> Iterator[str]:
    """The code in fences and after `>>>`, of each docstring and of a page."""
    for page in [text] if path.suffix == ".md" else _docstrings(text):
        fenced = [_dedented(match[2], match[1]) for match in _FENCE.finditer(page)]
        yield from (example for example in fenced if ">>>" not in example)
        lines = [match[1] or "" for match in _DOCTEST.finditer(page)]
        if lines:
            yield "\n".join(lines) + "\n"


def _docstrings(text: str) -> Iterator[str]:
    """Every long string: of transformers, many examples stand in templates that are filled in later."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value:
            yield node.value


def _dedented(code: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in code.splitlines(keepends=True))


if __name__ == "__main__":
    sys.exit(main())
