"""Follows the child that holds the model to its result, and shows how far it is."""

from __future__ import annotations

from typing import Any

from qtune.core.progress import Progress
from qtune.core.secret import redact
from qtune.speech import current
from qtune.train.after.events import Began, Result, Went
from qtune.train.after.launch import Child
from qtune.train.events import Log


def watch(child: Child, progress: Progress) -> dict[str, Any]:
    """Raises TrainError for what the child could not do."""
    task = ""
    values: dict[str, Any] = {}
    for event in child.events():
        if isinstance(event, Began):
            if task:
                progress.finish(task)
            task = event.task
            progress.start(task, event.total)
        elif isinstance(event, Went):
            progress.advance(task, event.amount)
        elif isinstance(event, Log):
            progress.say(redact(event.text.to(current())))
        elif isinstance(event, Result):
            values = dict(event.values)
    if task:
        progress.finish(task)
    return values
