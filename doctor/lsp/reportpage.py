"""The last report as the HTML page that a browser shows: in the user's cache, beside the report itself."""

from __future__ import annotations

from pathlib import Path

from qtune.core.locations import user_cache
from qtune.core.text import Lang


def write(root: Path, model: str | None, lang: Lang) -> Path | None:
    """None where there is no report, or no place for the page."""
    from qtune.doctor import lastreports, privatefiles

    report = lastreports.whole(root, model)
    if report is None:
        return None
    from qtune.doctor.outcome import exit_code
    from qtune.doctor.report import html

    path = user_cache() / "reports" / "last.html"
    written = privatefiles.write(path, html.render(report, exit_code(report), lang))
    return path if written else None
