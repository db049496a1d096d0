"""The plugin for python-lsp-server: what `qtune check` says of Python and notebooks, beside what others say of them.

pylsp loads it when it starts: what it needs is imported when a document is judged. pylsp throws away the answers
of all plugins when one of them raises, so this one never does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from pylsp import hookimpl

if TYPE_CHECKING:
    from pylsp.config.config import Config
    from pylsp.workspace import Document, Workspace

    from qtune.doctor.lsp.pylsp_documents import Opened

Json = dict[str, Any]
T = TypeVar("T")


@hookimpl
def pylsp_settings(config: Config) -> Json:
    return {"plugins": {"qtune": {"enabled": True}}}


@hookimpl
def pylsp_lint(config: Config, workspace: Workspace, document: Document) -> list[Json]:
    return _told(config, workspace, document, lambda opened: opened.diagnostics(), [])


@hookimpl(wrapper=True)
def pylsp_hover(
    config: Config, workspace: Workspace, document: Document, position: Json
) -> Generator[None, Any, Any]:
    """pylsp takes the first answer: ours is put above what the others say, and does not hide it."""
    theirs = yield
    return _told(config, workspace, document, lambda o: o.hover(position, theirs), theirs)


@hookimpl
def pylsp_completions(
    config: Config, workspace: Workspace, document: Document, position: Json
) -> list[Json]:
    return _told(config, workspace, document, lambda opened: opened.completions(position), [])


@hookimpl
def pylsp_code_actions(
    config: Config, workspace: Workspace, document: Document, range: Json
) -> list[Json]:
    return _told(config, workspace, document, lambda opened: opened.actions(range), [])


def _told(
    config: Config,
    workspace: Workspace,
    document: Document,
    tell: Callable[[Opened], T],
    nothing: T,
) -> T:
    try:
        from qtune.doctor.lsp.pylsp_documents import Opened

        return tell(Opened(config.capabilities, workspace.root_path, document))
    except (
        Exception
    ) as error:  # of ours: the answers of pylsp's other plugins must not be lost with it
        logging.getLogger(__name__).warning("qtune: %s: %s", type(error).__name__, error)
        return nothing
