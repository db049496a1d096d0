"""A command whose formats hold a whole document even where the command line was wrong."""

from __future__ import annotations

import re
import sys

import click

from qtune.core.errors import UsageError
from qtune.core.text import Text
from qtune.doctor.report.formats import FORMATS, renderer
from qtune.misuse import told
from qtune.speech import current


class AnswersEvenWhenMisused(click.Command):
    """A wrong option is told on stderr; a program that asked for a format still gets a whole document."""

    def document(self, form: str, misuse: UsageError) -> str:
        if form not in FORMATS:
            return ""
        return renderer(form).failed(
            misuse, misuse.exit_code, current(), command=f"qtune {self.name}"
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asked = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            named = re.findall(r"--format[ =](\w+)", " ".join(asked))
            if named:
                words = Text(told(error), told(error))
                sys.stdout.write(self.document(named[-1], UsageError("CFG092", words)))
            raise
