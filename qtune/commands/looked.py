"""What `qtune data` found, for whichever way of telling it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from qtune.commands.peeking import Unseen
from qtune.core.errors import TrainError
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text
from qtune.train import data, survey
from qtune.train.survey import Place, Survey

TASK = "data"


@dataclass(frozen=True)
class Looked:
    """`seen` is what `qtune.train.peek` says, or why nothing can be said. `refusal` is the error with which a
    run of this data would end before it began."""

    config: RunConfig
    train: Survey
    judged: Survey | None
    leaked: tuple[tuple[Place, Place], ...]
    refusal: TrainError | None
    seen: dict[str, Any] | Unseen


def look(config: RunConfig, quiet: bool, *, guess: bool) -> Looked:
    """`guess`: the method is the one that fits the rows. Raises TrainError for files that cannot be read."""
    from qtune.commands.bars import bars

    if guess:
        config = replace(config, method=survey.guessed(config.data))
    with bars(quiet) as progress:
        progress.start(TASK, None)

        def went(rows: int) -> None:
            progress.advance(TASK, rows)

        train = survey.survey(config.data, config.method, went)
        judged = survey.survey(config.eval_data, config.method, went) if config.eval_data else None
        progress.finish(TASK)
    refusal = None
    for found in (train, judged):
        try:
            if found is not None and refusal is None:
                data.judge(found.seen(), config.max_unusable)
        except TrainError as error:
            refusal = error
    leaked = tuple(survey.leaked(train, judged)) if judged is not None else ()
    return Looked(config, train, judged, leaked, refusal, Unseen(Text("", "")))
