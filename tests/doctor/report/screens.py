"""The screens that the tests hold: `python -m tests.doctor.report.screens` draws them anew, to be looked at in the diff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qtune.doctor.outcome import Report
from qtune.doctor.report.layout import ASCII, UNICODE
from qtune.doctor.report.terminal import render
from qtune.doctor.report.view import View
from tests.doctor.report import worlds

FOLDER = Path(__file__).parent / "screens"


@dataclass(frozen=True)
class Screen:
    world: Callable[[], Report]
    view: View

    @property
    def path(self) -> Path:
        view = self.view
        marks = [view.lang, str(view.width)]
        marks += ["ascii"] if view.glyphs is ASCII else []
        marks += ["v" * view.verbosity] if view.verbosity else []
        return FOLDER / f"{self.world.__name__}.{'.'.join(marks)}.txt"

    def draw(self) -> str:
        return render(self.world(), self.view).plain + "\n"


SCREENS = (
    Screen(worlds.well, View()),
    Screen(worlds.well, View(width=60, glyphs=ASCII)),
    Screen(worlds.silent_hf, View()),
    Screen(worlds.silent_hf, View("zh")),
    Screen(worlds.gated, View(onward="qtune run sft.yaml")),
    Screen(worlds.gated, View("zh", glyphs=UNICODE)),
    Screen(worlds.bad_token, View()),
    Screen(worlds.bad_token, View(width=60)),
    Screen(worlds.bad_token, View(verbosity=1)),
    Screen(worlds.no_network, View()),
    Screen(worlds.no_network, View("zh")),
    Screen(worlds.slow_hf, View(width=200)),
    Screen(worlds.slow_hf, View("zh", width=60)),
    Screen(worlds.offline, View()),
    Screen(worlds.crashed, View()),
)

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for screen in SCREENS:
        screen.path.write_text(screen.draw(), "utf-8")
