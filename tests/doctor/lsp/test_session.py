"""Which language is spoken, and notebooks cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.lsp.wire import PLAIN, Message, Wire, place, stretch, wire

ZH = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("wanted", "locale", "zh"),
    [
        ("", "zh-cn", True),
        ("", "zh-TW", True),
        ("auto", "zh-cn", True),
        ("auto", "de", False),
        ("en", "zh-cn", False),
        ("zh", "en", True),
        ("zh", None, True),
        ("", None, False),
        ("nonsense", "zh-cn", True),
    ],
)
def test_the_language_is_the_users_own(
    tmp_path: Path, wanted: str, locale: str | None, zh: bool
) -> None:
    with wire(tmp_path, extra={"QTUNE_LANG": wanted}) as server:
        server.start(tmp_path, locale=locale)
        uri = "file:///nowhere/.env"
        server.open(uri, "USE_MODELSCOPE=Ture\n")
        (told,) = server.found(uri)
        assert bool(ZH.search(told["message"])) is zh
        about = {"textDocument": {"uri": uri}, "position": place(0, 3)}
        assert (
            bool(ZH.search(server.request("textDocument/hover", about)["contents"]["value"])) is zh
        )


# --- notebooks ------------------------------------------------------------------------------------

BOOK = "file:///nowhere/nb%20%E4%B8%80.ipynb"
IMPORT = "import os\nfrom transformers import AutoModel"
LATE = "名 = '😀'; os.environ['HF_ENDPOINT'] = 'https://hf-mirror.com'"
PUSHING: Message = {
    **PLAIN,
    "notebookDocument": {"synchronization": {"executionSummarySupport": True}},
}
PULLING: Message = {
    **PUSHING,
    "textDocument": {**PLAIN["textDocument"], "diagnostic": {"dynamicRegistration": True}},
}


def cell(name: str) -> str:
    return f"vscode-notebook-cell:/nowhere/nb%20%E4%B8%80.ipynb#{name}"


def item(name: str, text: str) -> Message:
    return {"uri": cell(name), "languageId": "python", "version": 1, "text": text}


def of_book(name: str) -> Message:
    return {"kind": 2, "document": cell(name)}


class Book:
    def __init__(self, server: Wire, pulls: bool) -> None:
        self.server, self.pulls, self.version = server, pulls, 1

    def open(self, **cells: str) -> None:
        book = {
            "uri": BOOK,
            "notebookType": "jupyter-notebook",
            "version": 1,
            "cells": [of_book(name) for name in cells],
        }
        texts = [item(name, text) for name, text in cells.items()]
        self.server.notify(
            "notebookDocument/didOpen", {"notebookDocument": book, "cellTextDocuments": texts}
        )

    def change(self, **cells: Any) -> None:
        self.version += 1
        document = {"uri": BOOK, "version": self.version}
        self.server.notify(
            "notebookDocument/didChange", {"notebookDocument": document, "change": {"cells": cells}}
        )

    def write(self, name: str, version: int, change: Message) -> None:
        document = {"uri": cell(name), "version": version}
        self.change(textContent=[{"document": document, "changes": [change]}])

    def close(self, *names: str) -> None:
        gone = [{"uri": cell(name)} for name in names]
        params = {"notebookDocument": {"uri": BOOK}, "cellTextDocuments": gone}
        self.server.notify("notebookDocument/didClose", params)

    def found(self, name: str, version: int | None = 1) -> list[Message]:
        """Sent also to a client that asks for those of other documents: VS Code asks for no cell's."""
        if self.pulls and version is not None:
            document = {"textDocument": {"uri": cell(name)}}
            report = self.server.request("textDocument/diagnostic", document)
            assert report == {"kind": "full", "items": []}
        return self.server.found(cell(name), version)


@pytest.fixture(scope="module", params=[False, True], ids=["pushed", "pulled"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Wire, bool]]:
    home = tmp_path_factory.mktemp("home")
    with wire(home) as server:
        result = server.start(home, PULLING if request.param else PUSHING)
        assert result["capabilities"]["notebookDocumentSync"]["notebookSelector"]
        yield server, request.param
        assert server.end() == 0
        assert server.stderr() == ""


@pytest.fixture
def book(served: tuple[Wire, bool]) -> Book:
    return Book(*served)


def test_what_one_cell_does_to_another_is_told_in_its_own_places(book: Book) -> None:
    book.open(a="x = 1", b=IMPORT, c=LATE)
    (told,) = book.found("c")
    assert told["code"] == "SRC001"
    column = len("名 = '😀'; ".encode("utf-16-le")) // 2
    assert told["range"]["start"] == place(0, column)

    book.write("b", 2, {"range": stretch(1, 0, 1, 99), "text": ""})  # the import is gone
    assert book.found("c") == []
    book.write("b", 3, {"text": IMPORT})
    assert [one["code"] for one in book.found("c")] == ["SRC001"]

    # A cell that stood behind stands ahead of the import now.
    moved = {"start": 0, "deleteCount": 3, "cells": [of_book("c"), of_book("a"), of_book("b")]}
    book.change(structure={"array": moved})
    assert book.found("c") == []

    new = {"start": 3, "deleteCount": 0, "cells": [of_book("d")]}
    book.change(structure={"array": new, "didOpen": [item("d", LATE)]})
    assert [one["code"] for one in book.found("d")] == ["SRC001"]
    gone = {"start": 2, "deleteCount": 1}
    book.change(structure={"array": gone, "didClose": [{"uri": cell("b")}]})
    assert book.found("b", None) == []
    assert book.found("d") == []
    book.close("a", "c", "d")
    for name in ("a", "c", "d"):
        assert book.found(name, None) == []


def test_a_cell_is_hovered_and_mended_in_its_own_places(book: Book) -> None:
    text = "from transformers import AutoModel\n名 = '😀'\nAutoModel.from_pretrained('a/b', use_auth_token=True)"
    book.open(a="x = 1\n" * 5, b=text)
    (told,) = book.found("b")
    assert told["code"] == "SRC004" and told["range"]["start"]["line"] == 2
    document = {"textDocument": {"uri": cell("b")}}
    at = {**document, "position": told["range"]["start"]}
    assert book.server.request("textDocument/hover", at) is not None
    asked = {**document, "range": told["range"], "context": {"diagnostics": []}}
    actions = book.server.request("textDocument/codeAction", asked)
    edits = actions[0]["edit"]["changes"][cell("b")]
    start = told["range"]["start"]
    end = {**start, "character": start["character"] + len("use_auth_")}
    assert edits == [{"range": {"start": start, "end": end}, "newText": ""}]
    asked["context"] = {"diagnostics": [], "only": ["source.fixAll"]}
    (whole,) = book.server.request("textDocument/codeAction", asked)
    assert whole["edit"]["changes"].keys() == {cell("b")}
    for method in ("textDocument/completion", "textDocument/documentLink"):
        book.server.request(method, {**document, "position": place(2, 30)})
    book.close("a", "b")


def test_a_notebook_that_is_not_open_and_cells_that_are_nobodys_are_passed_over(book: Book) -> None:
    book.write("unknown", 2, {"text": "x"})
    book.change(structure={"array": {"start": 5, "deleteCount": 9}})
    book.close("unknown")
    book.open(a=LATE, b=IMPORT)
    assert book.found("a") == []
    book.change(structure={"array": {"start": 1, "deleteCount": 7, "cells": [of_book("never")]}})
    book.change(data=[of_book("never")])
    book.write("a", 2, {"text": IMPORT + "\n" + LATE})
    assert [one["code"] for one in book.found("a", 2)] == ["SRC001"]
    book.close("a", "b", "never")
