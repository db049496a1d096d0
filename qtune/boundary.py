"""The one place where errors leave qtune: each becomes a message, what to do next, and an exit code.

Nothing at or above the threshold 0 · findings, a failed download or training 1 · usage, unusable
configuration 2 · a bug 3 · interrupted 130, a closed pipe 141, terminated 143.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

import click

from qtune import misuse, streams
from qtune.core.errors import ConfigError, QtuneError
from qtune.core.secret import redact
from qtune.core.text import Text
from qtune.speech import current, say

BUG, INTERRUPTED, PIPE_CLOSED, TERMINATED = 3, 130, 141, 143
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Terminated(BaseException):
    """SIGTERM, as an exception: progress bars are taken down and files closed on the way out."""


def run(work: Callable[[], int]) -> int:
    """The exit code of `work`, whatever happens in it."""
    streams.prepare()
    _hear_sigterm()
    try:
        code = _run(work)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _drop_stdout()
        return PIPE_CLOSED
    except OSError as error:  # of the flush
        _drop_stdout()
        return _unwritten(error)


def _run(work: Callable[[], int]) -> int:
    try:
        return work()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return _usage(error)
    except QtuneError as error:
        show(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        _print(str(error) or say("interrupted", "已中断"))
        return INTERRUPTED
    except Terminated as error:
        _print(str(error) or say("terminated", "已终止"))
        return TERMINATED
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno not in _NO_ROOM:
            return _bug(error)
        _drop_stdout()
        return _unwritten(error)
    except Exception as error:
        return _bug(error)


def _drop_stdout() -> None:
    """Nothing more can be said there, and the flush at exit must not try."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unwritten(error: OSError) -> int:
    reason = error.strerror or str(error)
    failed = ConfigError(
        "DWN007",
        Text(f"nothing more can be written: {reason}", f"无法继续写入：{reason}"),
    )
    show(failed)
    return failed.exit_code


def exit_code_of(error: BaseException) -> int:
    """The code that `run` gives for `error`, for a report that must name it itself."""
    if isinstance(error, QtuneError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return TERMINATED if isinstance(error, Terminated) else BUG


def show(error: QtuneError) -> None:
    """On stderr: what happened, what to do next, where to read more."""
    from qtune.errorlines import laid

    lang = current()
    name = f"error[{error.code}]"
    first, *more = laid(_shown(error.message.to(lang)), f"{name}: ", "  ", sys.stderr)
    _print(_red(name) + first.removeprefix(name), *more)
    if error.fix is not None:
        _print(*laid(_shown(error.fix.to(lang)), "  → ", "    ", sys.stderr))
    _print(say(f"  More: qtune explain {error.code}", f"  详情：qtune explain {error.code}"))


def _usage(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _print(error.format_message())
        return error.exit_code
    _print(f"{_red('error')}: {_shown(misuse.told(error))}")
    context = getattr(error, "ctx", None)
    if context is not None:
        path = context.command_path
        _print(say(f"  Try: {path} --help", f"  用法：{path} --help"))
    return error.exit_code if isinstance(error, click.UsageError) else 2


def _bug(error: Exception) -> int:
    from qtune import bugreport

    path = bugreport.write(error)
    _print(
        _red("error") + ": " + say("a bug in qtune", "qtune 自身出错"),
        f"  {_shown(f'{type(error).__name__}: {error}')}",
    )
    if path is not None:
        _print(
            say(
                f"  → Please report it with this file (secrets are masked): {path}",
                f"  → 请附上此文件反馈（其中的敏感信息已打码）：{path}",
            )
        )
    else:
        _print(bugreport.compose(error))
    return BUG


def _shown(text: str) -> str:
    from qtune.doctor.report.characters import clean

    return clean(redact(text))


def _red(text: str) -> str:
    return f"\x1b[1;31m{text}\x1b[0m" if streams.wants_color(sys.stderr) else text


def _print(*lines: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        for line in lines:
            print(line, file=sys.stderr)


def _hear_sigterm() -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
