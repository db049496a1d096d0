"""Each editor gets from the server what it can show: the clients' own announcements, a real process, real documents."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types
from lsprotocol.converters import get_converter
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import make_test_lsp_client

from tests.doctor.lsp.wire import COMMAND, PATIENCE, environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENV = """\
# 设置 😀
USE_MODELSCOPE=False
HF_HUB_ENABLE_HF_TRANSFER=1
QTUNE_FALLBACK=Ture
HF_ENDPOINT=https://hf-mirror.com
HF_ENDPOINT=https://huggingface.co
"""
RUN = "model: Qwen/Qwen3-4B\ntuning: lorra\nlora: {r: 8}\n"
CODE = (
    "from transformers import AutoModel\n"
    "名 = '😀'; AutoModel.from_pretrained('Qwen/Qwen3-4B', use_auth_token=True)\n"
)
DOCUMENTS = {".env": ("dotenv", ENV), "sft.yaml": ("yaml", RUN), "train.py": ("python", CODE)}


def capabilities(name: str) -> types.ClientCapabilities:
    """`+` adds what newer versions of VS Code announce beside what the preset of 1.65 has."""
    if name == "jupyterlab":
        text = (Path(__file__).parent / "jupyterlab.json").read_text("utf-8")
        return get_converter().structure(json.loads(text), types.InitializeParams).capabilities
    preset, newer, _ = name.partition("+")
    has = copy.deepcopy(client_capabilities(preset))
    if newer:
        assert has.text_document and has.workspace
        has.text_document.diagnostic = types.DiagnosticClientCapabilities(
            dynamic_registration=True, related_document_support=False
        )
        has.text_document.inlay_hint = types.InlayHintClientCapabilities()
        has.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(
            refresh_support=True
        )
        has.workspace.inlay_hint = types.InlayHintWorkspaceClientCapabilities(refresh_support=True)
        has.notebook_document = types.NotebookDocumentClientCapabilities(
            types.NotebookDocumentSyncClientCapabilities(execution_summary_support=True)
        )
    return has


@dataclass
class Editor:
    client: LanguageClient
    has: types.ClientCapabilities
    server: types.ServerCapabilities
    root: Path
    registered: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    wanted: list[types.WorkspaceEdit] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def text(self) -> types.TextDocumentClientCapabilities:
        assert self.has.text_document is not None
        return self.has.text_document

    @property
    def pulls(self) -> bool:
        return self.text.diagnostic is not None

    def open(self, name: str, language: str, text: str) -> str:
        """Each time in another folder: what is said of one document is never taken for another's."""
        uri = (self.root / f"文件夹 {len(self.versions)}" / name).as_uri()
        self.versions[uri] = 1
        item = types.TextDocumentItem(uri, language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, text: str) -> None:
        self.client.diagnostics.pop(uri, None)
        self.versions[uri] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.versions[uri], uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def close(self, uri: str) -> None:
        self.client.diagnostics.pop(uri, None)
        document = types.TextDocumentIdentifier(uri)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    async def found(self, uri: str) -> Sequence[types.Diagnostic]:
        """Asked for, or waited for, as the client does."""
        if self.pulls:
            report = await self.pull(uri)
            assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
            return report.items
        return await self.pushed(uri)

    async def pull(self, uri: str, previous: str | None = None) -> types.DocumentDiagnosticReport:
        params = types.DocumentDiagnosticParams(
            types.TextDocumentIdentifier(uri), previous_result_id=previous
        )
        return await self.client.text_document_diagnostic_async(params)

    async def pushed(self, uri: str) -> Sequence[types.Diagnostic]:
        async with asyncio.timeout(PATIENCE):
            while uri not in self.client.diagnostics:
                await asyncio.sleep(0.005)
        return self.client.diagnostics.pop(uri)

    async def codes(self, uri: str) -> list[str]:
        return [str(one.code) for one in await self.found(uri)]

    async def heard(self, method: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while method not in self.refreshed:
                await asyncio.sleep(0.005)
        self.refreshed.clear()

    async def configure(self, settings: dict[str, Any]) -> None:
        """As the client does: it is asked for its settings, or sends them."""
        asked = self.has.workspace and self.has.workspace.configuration
        self.client.set_configuration({"qtune": settings})
        sent = None if asked else {"qtune": settings}
        self.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(sent))
        if not asked:
            return
        await asyncio.sleep(0.1)


PUSHED = (
    "visual-studio-code@1.65.2",
    "neovim@0.6.1",
    "neovim@0.9.1",
    "emacs@29.1",
    "jupyterlab",
)
PULLED = ("visual-studio-code@1.65.2+newer", "neovim@0.10.0", "neovim@0.11.0")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[*PUSHED, *PULLED])
async def editor(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Editor]:
    home, root = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("项目 一")
    client, has = make_test_lsp_client(), capabilities(request.param)
    registered: list[str] = []
    refreshed: list[str] = []
    wanted: list[types.WorkspaceEdit] = []

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)  # type: ignore[untyped-decorator]
    def register(params: types.RegistrationParams) -> None:
        registered.extend(one.method for one in params.registrations)

    @client.feature(types.WORKSPACE_CODE_LENS_REFRESH)  # type: ignore[untyped-decorator]
    def lenses(params: None) -> None:
        refreshed.append(types.WORKSPACE_CODE_LENS_REFRESH)

    @client.feature(types.WORKSPACE_INLAY_HINT_REFRESH)  # type: ignore[untyped-decorator]
    def hints(params: None) -> None:
        refreshed.append(types.WORKSPACE_INLAY_HINT_REFRESH)

    @client.feature(types.WORKSPACE_APPLY_EDIT)  # type: ignore[untyped-decorator]
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        wanted.append(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    await client.start_io(*COMMAND, env=environment(home), cwd=str(root))
    folder = types.WorkspaceFolder(root.as_uri(), root.name)
    params = types.InitializeParams(has, os.getpid(), root_uri=root.as_uri())
    if has.workspace and has.workspace.workspace_folders:
        params.workspace_folders = [folder]
    result = await client.initialize_session(params)
    yield Editor(client, has, result.capabilities, root, registered, refreshed, wanted)
    await client.shutdown_session()
    await client.stop()  # type: ignore[no-untyped-call]


def position(text: str, part: str, encoding: object) -> types.Position:
    """Where `part` begins in the text, in the units of this session."""
    ahead = text[: text.index(part)]
    line = ahead.rpartition("\n")[2]
    name = str(getattr(encoding, "value", encoding or "utf-16"))
    units = {
        "utf-8": len(line.encode()),
        "utf-16": len(line.encode("utf-16-le")) // 2,
        "utf-32": len(line),
    }
    return types.Position(ahead.count("\n"), units[name])


def applied(text: str, edits: Sequence[types.TextEdit], encoding: object) -> str:
    """As an editor does."""
    name = str(getattr(encoding, "value", encoding or "utf-16"))
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[name]
    width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[name]
    starts = [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", text))]

    def offset(at: types.Position) -> int:
        if at.line >= len(starts):
            return len(text)
        line = text[starts[at.line] :].split("\n")[0].rstrip("\r")
        ahead = line.encode(codec)[: at.character * width]
        return starts[at.line] + len(ahead.decode(codec))

    for edit in sorted(edits, key=lambda e: (offset(e.range.start), offset(e.range.end)))[::-1]:
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


# --- diagnostics ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code", "part", "severity", "tag"),
    [
        (".env", "ENV805", "QTUNE_FALLBACK", types.DiagnosticSeverity.Error, None),
        (".env", "HUB211", "HF_HUB_ENABLE_HF_TRANSFER", None, types.DiagnosticTag.Deprecated),
        (".env", "ENV801", "HF_ENDPOINT", None, types.DiagnosticTag.Unnecessary),
        ("sft.yaml", "CFG007", "lorra", types.DiagnosticSeverity.Error, None),
        ("train.py", "SRC004", "use_auth_token", types.DiagnosticSeverity.Warning, None),
    ],
)
async def test_a_finding_stands_where_it_is_with_what_the_client_can_show(
    editor: Editor,
    name: str,
    code: str,
    part: str,
    severity: types.DiagnosticSeverity | None,
    tag: types.DiagnosticTag | None,
) -> None:
    language, text = DOCUMENTS[name]
    uri = editor.open(name, language, text)
    told = await editor.found(uri)
    start = position(text, part, editor.server.position_encoding)
    (one,) = [d for d in told if d.code == code and d.range.start == start]
    assert one.source == "qtune" and one.message
    assert severity is None or one.severity == severity
    shows = editor.text.publish_diagnostics
    assert shows is not None
    if shows.tag_support:
        assert tag is None or tag in (one.tags or ())
    else:
        assert one.tags is None
    if shows.code_description_support:
        assert one.code_description is not None
        page = Path(one.code_description.href.removeprefix("file://"))
        assert page.name == f"{one.code}.md" and str(one.code) in page.read_text("utf-8")
    else:
        assert one.code_description is None
    if code == "ENV801":
        assert bool(one.related_information) is bool(shows.related_information)
    if not shows.related_information:
        assert all(d.related_information is None for d in told)
    editor.close(uri)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_changes_are_judged_and_what_is_closed_is_clean(editor: Editor, name: str) -> None:
    language, text = DOCUMENTS[name]
    uri = editor.open(name, language, text)
    first = await editor.codes(uri)
    assert first
    editor.change(uri, "# nothing\n")
    assert await editor.codes(uri) == []
    editor.change(uri, text)
    assert await editor.codes(uri) == first
    editor.close(uri)
    if editor.pulls:
        assert await editor.codes(uri) == []
    else:
        assert not await editor.pushed(uri)


async def test_who_pulls_is_never_pushed_to_and_who_does_not_is_not_offered_it(
    editor: Editor,
) -> None:
    uri = editor.open(".env", "dotenv", ENV)
    if not editor.pulls:
        assert editor.server.diagnostic_provider is None
        assert await editor.pushed(uri)
        editor.close(uri)
        return
    assert editor.server.diagnostic_provider is not None
    report = await editor.pull(uri)
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport) and report.items
    again = await editor.pull(uri, report.result_id)
    assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
    assert again.result_id == report.result_id
    editor.change(uri, "A=1\n")
    third = await editor.pull(uri, report.result_id)
    assert isinstance(third, types.RelatedFullDocumentDiagnosticReport) and not third.items
    editor.close(uri)
    await asyncio.sleep(0.2)
    assert editor.client.diagnostics == {}


async def test_the_configuration_decides_about_words_and_severities(editor: Editor) -> None:
    uri = editor.open(".env", "dotenv", ENV)
    english = [one.message for one in await editor.found(uri)]
    refreshed = editor.client.diagnostic_refresh_count
    editor.client.diagnostics.pop(uri, None)
    await editor.configure({"language": "zh", "severity": "error"})
    told = await editor.found(uri)
    assert told and len(told) < len(english)
    assert {one.severity for one in told} == {types.DiagnosticSeverity.Error}
    assert all(re.search("[\u4e00-\u9fff]", one.message) for one in told)
    if editor.pulls and editor.has.workspace and editor.has.workspace.diagnostics:
        assert editor.client.diagnostic_refresh_count > refreshed
    editor.client.diagnostics.pop(uri, None)
    await editor.configure({"severity": "nonsense", "language": 7})
    assert [one.message for one in await editor.found(uri)] == english
    editor.client.diagnostics.pop(uri, None)
    editor.close(uri)


async def test_a_change_of_pyproject_is_heard(editor: Editor) -> None:
    uri = editor.open(".env", "dotenv", "USE_MODELSCOPE=Ture\n")
    assert await editor.codes(uri) == ["ENV805"]
    pyproject = editor.root / "pyproject.toml"
    watched = editor.has.workspace and editor.has.workspace.did_change_watched_files
    if watched and watched.dynamic_registration:
        assert types.WORKSPACE_DID_CHANGE_WATCHED_FILES in editor.registered
    else:
        assert editor.registered == []

    def touched() -> None:
        editor.client.diagnostics.pop(uri, None)
        if watched and watched.dynamic_registration:
            event = types.FileEvent(pyproject.as_uri(), types.FileChangeType.Changed)
            params = types.DidChangeWatchedFilesParams([event])
            editor.client.workspace_did_change_watched_files(params)
        else:
            saved = types.TextDocumentIdentifier(uri)
            editor.client.text_document_did_save(types.DidSaveTextDocumentParams(saved))

    pyproject.write_text('[tool.qtune.doctor]\nignore = ["ENV805"]  # a test\n')
    try:
        touched()
        assert await editor.codes(uri) == []
    finally:
        pyproject.unlink()
    touched()
    assert await editor.codes(uri) == ["ENV805"]
    editor.close(uri)


async def test_each_folder_of_the_workspace_has_its_own_project(
    editor: Editor, tmp_path: Path
) -> None:
    if not (editor.has.workspace and editor.has.workspace.workspace_folders):
        pytest.skip("this client has one folder")
    (tmp_path / "pyproject.toml").write_text('[tool.qtune.doctor]\nignore = ["ENV805"]  # a test\n')
    own = editor.open(".env", "dotenv", "USE_MODELSCOPE=Ture\n")
    (tmp_path / "deep").mkdir()
    other = editor.open(str(tmp_path / "deep" / ".env"), "dotenv", "USE_MODELSCOPE=Ture\n")
    assert await editor.codes(own) == await editor.codes(other) == ["ENV805"]
    folder = types.WorkspaceFolder(tmp_path.as_uri(), "other")
    for added, removed, expected in (([folder], [], []), ([], [folder], ["ENV805"])):
        editor.client.diagnostics.clear()
        event = types.WorkspaceFoldersChangeEvent(added, removed)
        editor.client.workspace_did_change_workspace_folders(
            types.DidChangeWorkspaceFoldersParams(event)
        )
        assert await editor.codes(other) == expected
        assert await editor.codes(own) == ["ENV805"]
    editor.close(own)
    editor.close(other)


# --- what is asked for ----------------------------------------------------------------------------


async def test_hover_tells_of_what_is_under_it(editor: Editor) -> None:
    uri = editor.open(".env", "dotenv", ENV)
    at = position(ENV, "USE_MODELSCOPE", editor.server.position_encoding)
    about = types.HoverParams(types.TextDocumentIdentifier(uri), at)
    told = await editor.client.text_document_hover_async(about)
    assert told is not None and isinstance(told.contents, types.MarkupContent)
    assert "USE_MODELSCOPE" in told.contents.value
    assert told.range is not None and told.range.start == at
    nothing = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(6, 0))
    assert await editor.client.text_document_hover_async(nothing) is None
    editor.close(uri)


async def test_completion_offers_what_may_stand_there(editor: Editor) -> None:
    text = "# 😀\nUSE_MODELSCOPE=\nHF_EN"
    uri = editor.open(".env", "dotenv", text)
    document = types.TextDocumentIdentifier(uri)
    for line, character, wanted in ((1, 15, "True"), (2, 5, "HF_ENDPOINT")):
        params = types.CompletionParams(document, types.Position(line, character))
        told = await editor.client.text_document_completion_async(params)
        assert isinstance(told, types.CompletionList)
        item = next(item for item in told.items if item.label == wanted)
        assert isinstance(item.text_edit, types.TextEdit)
        after = applied(text, [item.text_edit], editor.server.position_encoding)
        assert after.split("\n")[line].startswith((f"USE_MODELSCOPE={wanted}", f"{wanted}="))
    editor.close(uri)


async def test_links_lead_to_the_models_page(editor: Editor) -> None:
    if editor.text.document_link is None:
        pytest.skip("this client shows no links")
    uri = editor.open("sft.yaml", "yaml", RUN)
    params = types.DocumentLinkParams(types.TextDocumentIdentifier(uri))
    told = await editor.client.text_document_document_link_async(params)
    assert any("Qwen/Qwen3-4B" in (link.target or "") for link in told or ())
    editor.close(uri)


async def test_lenses_offer_the_doctor(editor: Editor) -> None:
    if editor.text.code_lens is None:
        pytest.skip("this client shows no lenses")
    uri = editor.open("sft.yaml", "yaml", RUN)
    params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
    told = await editor.client.text_document_code_lens_async(params)
    assert told
    offered = editor.server.execute_command_provider
    assert offered is not None
    for lens in told:
        assert lens.command is not None and lens.command.command in offered.commands
        assert (lens.command.arguments or [None])[0] == editor.root.as_uri()
    await editor.configure({"codeLens": False})
    assert not await editor.client.text_document_code_lens_async(params)
    await editor.configure({})
    editor.close(uri)


async def test_hints_stand_in_the_range_that_is_asked_for_until_they_are_switched_off(
    editor: Editor,
) -> None:
    if editor.text.inlay_hint is None:
        pytest.skip("this client shows no hints")
    text = "USE_MODELSCOPE=False\nHF_ENDPOINT=https://hf-mirror.com\nHF_ENDPOINT=https://huggingface.co\n"
    uri = editor.open(".env", "dotenv", text)
    document = types.TextDocumentIdentifier(uri)

    async def hints(first: int, last: int) -> list[types.InlayHint]:
        place = types.Range(types.Position(first, 0), types.Position(last, 0))
        params = types.InlayHintParams(document, place)
        return list(await editor.client.text_document_inlay_hint_async(params) or ())

    every = await hints(0, 9)
    for hint in every:
        at = hint.position.line
        assert hint in await hints(at, at)
    await editor.configure({"inlayHints": False})
    assert await hints(0, 9) == []
    await editor.configure({})
    assert await hints(0, 9) == every
    editor.close(uri)


async def actions(
    editor: Editor, uri: str, only: list[str] | None = None, line: int | None = None
) -> list[types.CodeAction]:
    first, last = (line, line) if line is not None else (0, 99)
    params = types.CodeActionParams(
        types.TextDocumentIdentifier(uri),
        types.Range(types.Position(first, 0), types.Position(last, 0 if line is None else 999)),
        types.CodeActionContext([], list(only) if only else None),
    )
    told = await editor.client.text_document_code_action_async(params)
    return [one for one in told or () if isinstance(one, types.CodeAction)]


def edits(action: types.CodeAction, uri: str) -> Sequence[types.TextEdit]:
    assert action.edit is not None and action.edit.changes is not None
    assert [*action.edit.changes] == [uri]
    return action.edit.changes[uri]


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_quick_fix_mends_what_it_was_offered_for(editor: Editor, name: str) -> None:
    if editor.text.code_action is None:
        pytest.skip("this client has no light bulb")
    language, text = DOCUMENTS[name]
    uri = editor.open(name, language, text)
    before = await editor.found(uri)
    offered = await actions(editor, uri, ["quickfix"])
    tried = 0
    for action in offered:
        if action.edit is None:
            continue
        assert action.diagnostics and action.kind == types.CodeActionKind.QuickFix
        code = action.diagnostics[0].code
        editor.change(uri, applied(text, edits(action, uri), editor.server.position_encoding))
        after = [one.code for one in await editor.found(uri)]
        assert after.count(code) < [one.code for one in before].count(code), action.title
        assert len(after) < len(before)
        tried += 1
        editor.change(uri, text)
        assert len(await editor.found(uri)) == len(before)
    assert tried >= 2  # a fix of its own, and a comment that keeps it quiet
    assert any("Ignore" in action.title for action in offered)
    assert not await actions(editor, uri, ["refactor"])
    editor.close(uri)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_fix_all_leaves_nothing_for_a_second_time(editor: Editor, name: str) -> None:
    if editor.text.code_action is None:
        pytest.skip("this client has no light bulb")
    language, text = DOCUMENTS[name]
    if name == ".env":
        text = text.replace("\n", "\r\n")
    uri = editor.open(name, language, text)
    before = await editor.codes(uri)
    all_of_it = await actions(editor, uri, ["source.fixAll"])
    if not all_of_it:  # nothing here is mended without a question
        offered = await actions(editor, uri, ["quickfix"])
        assert not any(action.is_preferred for action in offered)
        editor.close(uri)
        return
    assert [action.kind for action in all_of_it] == ["source.fixAll.qtune"]
    assert await actions(editor, uri, ["source.fixAll.qtune"]) == all_of_it
    mended = applied(text, edits(all_of_it[0], uri), editor.server.position_encoding)
    assert "\r\n" not in text or "\n" not in mended.replace("\r\n", "")
    editor.change(uri, mended)
    assert len(await editor.codes(uri)) < len(before)
    assert not await actions(editor, uri, ["source.fixAll.qtune"])
    assert not await actions(editor, uri, ["source.organizeImports"])
    editor.close(uri)


async def test_the_command_to_fix_all_asks_the_client_for_the_same_edit(editor: Editor) -> None:
    if editor.text.code_action is None:
        pytest.skip("this client runs no commands")
    uri = editor.open(".env", "dotenv", ENV)
    await editor.found(uri)
    (action,) = await actions(editor, uri, ["source.fixAll"])
    editor.wanted.clear()
    run = editor.client.workspace_execute_command_async
    assert await run(types.ExecuteCommandParams("qtune.fixAll", [uri])) is True
    assert editor.wanted == [action.edit]
    for nothing in ([], [7], ["file:///none"], [uri, uri]):
        assert await run(types.ExecuteCommandParams("qtune.fixAll", list(nothing))) in (True, False)
    editor.close(uri)


async def test_without_a_report_the_command_to_open_it_says_so(editor: Editor) -> None:
    if editor.text.code_action is None:
        pytest.skip("this client runs no commands")
    run = editor.client.workspace_execute_command_async
    before = len(editor.client.messages)
    params = types.ExecuteCommandParams("qtune.openReport", [editor.root.as_uri()])
    assert await run(params) is None
    (said,) = editor.client.messages[before:]
    assert "run the doctor" in said.message and not editor.client.shown_documents


async def test_what_a_client_does_not_have_is_still_not_sent(editor: Editor) -> None:
    """No request of the server's was one that the client did not announce: pytest-lsp would warn, and that is an error."""
    workspace = editor.has.workspace
    if not (workspace and workspace.code_lens and workspace.code_lens.refresh_support):
        assert types.WORKSPACE_CODE_LENS_REFRESH not in editor.refreshed
    if not (workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support):
        assert types.WORKSPACE_INLAY_HINT_REFRESH not in editor.refreshed
    if not (workspace and workspace.diagnostics and workspace.diagnostics.refresh_support):
        assert editor.client.diagnostic_refresh_count == 0
    assert editor.client.error is None
    assert sys.executable in COMMAND
