"""`docs/images/doctor.*.svg`: a report as a terminal shows it, from the facts that lie beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from qtune.core.text import Lang, Text
from qtune.doctor.codec import load
from qtune.doctor.examine import Options, rejudge
from qtune.doctor.outcome import Report
from qtune.doctor.report.terminal import render
from qtune.doctor.report.view import View

FOLDER = Path(__file__).parents[1] / "docs/images"
# How long the look took when the facts were saved, which a file of facts does not tell.
TOOK_MS = 9400
WIDTH = 80  # cells
_CELL, _LINE, _MARGIN, _BAR = 8.4, 20.0, 18.0, 34.0  # pixels, for letters of 14

# Wide characters stand alone or with their like, each other than ASCII by itself: a font of the reader's
# system may draw it wider or narrower than a terminal would.
_PIECES = re.compile(
    r"[!-~]+|[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]+|[^\s!-~]"
)

_STYLE = """
.window { fill: #fbfcfd; stroke: #c9d1d9; }
.dot { fill: #c9d1d9; }
text {
  font: 14px ui-monospace, SFMono-Regular, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "PingFang SC",
    "Microsoft YaHei", "Noto Sans Mono CJK SC", monospace;
  fill: #1f2328;
}
.wide { font-size: 16px; }
.bold { font-weight: 700; }
.dim { fill: #59636e; }
.red { fill: #b42318; }
.green { fill: #17703a; }
.magenta { fill: #8e2f9e; }
@media (prefers-color-scheme: dark) {
  .window { fill: #10151c; stroke: #3d444d; }
  .dot { fill: #3d444d; }
  text { fill: #e6edf3; }
  .dim { fill: #9198a1; }
  .red { fill: #ff8a80; }
  .green { fill: #62d27c; }
  .magenta { fill: #e2a1f2; }
}
"""


def files() -> Iterator[tuple[str, str]]:
    facts = load((FOLDER / "doctor.facts.json").read_text("utf-8"))
    report = replace(rejudge(facts, Options()), took_ms=TOOK_MS)
    for lang in ("en", "zh"):
        yield f"docs/images/doctor.{lang}.svg", picture(report, lang)


def picture(report: Report, lang: Lang) -> str:
    console = Console(
        width=WIDTH, force_terminal=True, color_system="standard", legacy_windows=False
    )
    shown = render(report, View(lang, WIDTH))
    lines = console.render_lines(shown, console.options.update(width=WIDTH), pad=False)
    prompt = [Segment("$ ", Style(dim=True)), Segment("qtune doctor", Style(bold=True))]
    return drawn([prompt, [], *lines], _title(report).to(lang))


def _title(report: Report) -> Text:
    said = [finding.message for finding in report.findings]
    return Text(
        f"A report of qtune doctor: {'; '.join(text.en for text in said)}",
        f"qtune doctor 的报告：{'；'.join(text.zh for text in said)}",
    )


def drawn(lines: list[list[Segment]], title: str) -> str:
    width = round(2 * _MARGIN + WIDTH * _CELL)
    height = round(_BAR + _MARGIN + len(lines) * _LINE)
    body = [piece for row, line in enumerate(lines) for piece in _line(line, row)]
    dots = [f'<circle class="dot" cx="{18 + 16 * n}" cy="17" r="5"/>' for n in range(3)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="window" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>',
            *dots,
            *body,
            "</svg>\n",
        ]
    )


def _line(segments: Iterable[Segment], row: int) -> Iterator[str]:
    """Every piece at its own column and as wide as its cells, whatever font the reader has."""
    column, y = 0, _BAR + (row + 0.8) * _LINE
    for text, style, _ in segments:
        for found in _PIECES.finditer(text):
            x = _MARGIN + _CELL * (column + cell_len(text[: found.start()]))
            length = _CELL * cell_len(found[0])
            wide = cell_len(found[0]) == 2 * len(found[0])
            cls = f' class="{name}"' if (name := _class(style, wide)) else ""
            yield (
                f'<text{cls} x="{x:.1f}" y="{y:.1f}" textLength="{length:.1f}" '
                f'lengthAdjust="spacingAndGlyphs">{escape(found[0], quote=False)}</text>'
            )
        column += cell_len(text)


def _class(style: Style | None, wide: bool) -> str:
    names = ["wide"] if wide else []  # a little larger, or two cells would leave gaps between them
    if style is not None:
        names += [name for name in ("bold", "dim") if getattr(style, name)]
        if style.color is not None and not style.dim:
            names.append(style.color.name)
    return " ".join(names)
