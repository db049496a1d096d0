"""Writes the files that are made from code: `python -m scripts.generate`, or `--check` to compare only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts import (
    cases,
    download_schema,
    proofs,
    report_picture,
    report_schema,
    rule_pages,
    settings_docs,
)

ROOT = Path(__file__).parents[1]

MAKERS: tuple[Callable[[], Iterator[tuple[str, str]]], ...] = (
    settings_docs.files,
    rule_pages.files,
    proofs.files,
    cases.files,
    report_schema.files,
    download_schema.files,
    report_picture.files,
)


def wanted() -> dict[Path, str]:
    """Every generated file with its content."""
    return {ROOT / name: text for maker in MAKERS for name, text in maker()}


def stale(files: dict[Path, str]) -> list[Path]:
    """Files that differ from what the code says, and pages left behind by rules that are gone."""
    changed = [
        path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text
    ]
    left_behind = [path for path in (ROOT / "docs/rules").glob("*.md") if path not in files]
    return sorted(changed + left_behind)


def main(arguments: list[str]) -> int:
    files = wanted()
    different = stale(files)
    if arguments == ["--check"]:
        for path in different:
            print(f"{path.relative_to(ROOT)} is not current: run python -m scripts.generate")
        return int(bool(different))
    for path in different:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], "utf-8")
        else:
            path.unlink()
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
