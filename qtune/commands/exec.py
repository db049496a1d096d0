"""`qtune exec -- CMD`: the program becomes this process, with the settings as its environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from qtune.speech import say


@click.command(
    "exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    help=say(
        "Run CMD with these settings in its environment. Its exit code is the exit code.",
        "以这些设置为环境变量运行 CMD，并返回它的退出码。",
    ),
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=say("Another file in place of .env.", "用另一个文件代替 .env。"),
)
@click.argument("cmd", nargs=-1, required=True, metavar="-- CMD...", type=click.UNPROCESSED)
def command(env_file: Path | None, cmd: tuple[str, ...]) -> int:
    from qtune.commands.project import open_project
    from qtune.core.export import child_environment

    project = open_project(env_file)
    project.settings.require_valid()
    environment = child_environment(project.settings, os.environ)
    try:
        return _become(cmd, environment)
    except (OSError, ValueError) as error:
        from qtune.core.errors import UsageError
        from qtune.core.text import Text

        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            "CFG092", Text(f"cannot run {cmd[0]}: {reason}", f"无法运行 {cmd[0]}：{reason}")
        ) from error


def _become(cmd: Sequence[str], environment: Mapping[str, str]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # there, exec* starts a second process and the shell does not wait for it
        with subprocess.Popen(cmd, env=dict(environment)) as child:
            while True:
                try:
                    return child.wait()
                except KeyboardInterrupt:
                    continue  # the child got it too, and decides
    # Python ignores SIGPIPE, and an ignored signal would stay ignored in the new program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvpe(cmd[0], list(cmd), dict(environment))
    finally:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
