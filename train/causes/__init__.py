"""Why a training can fail: the catalogue of TRN codes, and the error that each becomes."""

from __future__ import annotations

from qtune.core.errors import TrainError
from qtune.core.text import Text
from qtune.train.causes import after, child, course, data, folder, model, ranks, reporting, tuning

# Never reuse a number.
CAUSES = {
    **data.CAUSES,
    **model.CAUSES,
    **course.CAUSES,
    **folder.CAUSES,
    **child.CAUSES,
    **after.CAUSES,
    **ranks.CAUSES,
    **reporting.CAUSES,
    **tuning.CAUSES,
}


def failure(code: str, detail: Text | None = None, fix: Text | None = None) -> TrainError:
    """The error of a code: what the catalogue says, then what was found this time."""
    cause = CAUSES[code]
    message = cause.text
    if detail is not None:
        message = Text(f"{cause.text.en}\n{detail.en}", f"{cause.text.zh}\n{detail.zh}")
    return TrainError(code, message, fix or cause.fix)
