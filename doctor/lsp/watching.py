"""What changes around the documents: the client's configuration, files on the disk, a save."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from lsprotocol import types

from qtune.core.text import language
from qtune.doctor.finding import Severity
from qtune.doctor.lsp import delivery
from qtune.doctor.lsp.session import Session, Wishes

SECTION = "qtune"
_FILES = ("**/.env", "**/.env.*", "**/*.env", "**/pyproject.toml", "**/*.{yaml,yml,jsonl}")
_LEAST = {severity.value: severity for severity in Severity}


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        if session.client.watches:
            await _watch_files(session)
        if session.client.configuration:
            await _ask(session)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        if session.client.configuration:
            await _ask(session)
        else:
            _take(session, params.settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        around(session)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        around(session)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        if not session.client.watches:  # the others are told of the file itself
            around(session)


def around(session: Session) -> None:
    """Everything is judged again, beside what is there now."""
    delivery.again(session)
    if session.client.refresh_lenses:
        session.server.workspace_code_lens_refresh(None)
    if session.client.refresh_hints:
        session.server.workspace_inlay_hint_refresh(None)


async def _watch_files(session: Session) -> None:
    watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _FILES]
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
    wanted = types.Registration("qtune-files", method, options)
    with contextlib.suppress(Exception):  # a client that will not is served all the same
        await session.server.client_register_capability_async(types.RegistrationParams([wanted]))


async def _ask(session: Session) -> None:
    item = types.ConfigurationItem(section=SECTION)
    with contextlib.suppress(Exception):
        answered = await session.server.workspace_configuration_async(
            types.ConfigurationParams([item])
        )
        _take(session, {SECTION: answered[0] if answered else {}})


def _take(session: Session, settings: object) -> None:
    """What is no setting of ours, or has no sense, counts as not set."""
    section = _get(settings, SECTION)
    wishes = Wishes(
        least=_LEAST.get(str(_get(section, "severity")), Severity.INFO),
        hints=_get(section, "inlayHints") is not False,
        lenses=_get(section, "codeLens") is not False,
        language=str(_get(section, "language") or "auto"),
    )
    if wishes == session.wishes:
        return
    if wishes.language != session.wishes.language:
        lang = language(wishes.language) if wishes.language != "auto" else session.client.own
        session.client = replace(session.client, lang=lang)
    session.wishes = wishes
    around(session)


def _get(settings: object, key: str) -> object:
    """Settings come as plain JSON, or as the objects that pygls makes of it."""
    if isinstance(settings, Mapping):
        return settings.get(key)
    return getattr(settings, key, None)
