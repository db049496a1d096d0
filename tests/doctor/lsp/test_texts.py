"""After any edits the server's diagnostics are those of the very text that the client has; a burst only where it pauses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.lsp.editing import Client, fresh, same
from tests.doctor.lsp.wire import PLAIN, Message, Wire, stretch, wire
from tests.hub.worlds import GOOD

ODD = (
    "😀",
    "é",
    "项目",
    "𠮷",
    "\u200b",
    "\x0c",
    "\u2028",
    "\x85",
    "\ufeff",
    "\r\n",
    "\r",
    "\n",
    "\t",
)
DOCUMENTS = {
    ".env": (
        f"# 设置 😀\r\nUSE_MODELSCOPE=Ture\r\nHF_TOKEN={GOOD}\rHF_ENDPOINT=hf-mirror.com\n",
        ("A=1\n", "USE_MODELSCOPE=", "Ture", "HF_TOKKEN=x\r\n", "'", '"', "#", " ", "=", "${A}"),
    ),
    "run.yaml": (
        "# 😀 训练\nmodel: Qwen/Qwen3-4B\r\ntuning: lorra\nlora: {r: 8}\n",
        ("model: ", "tuning: lorra\n", "training:\n  learning_rat: 1\n", "- ", "[", "}", ": ", "'"),
    ),
    "a.py": (
        "import os\nfrom transformers import AutoModel\n"
        "os.environ['HF_ENDPOINT'] = 'https://hf-mirror.com'  # 😀\n"
        "AutoModel.from_pretrained('项目😀', use_auth_token=True)\n",
        ("'", '"""', "(", ")", "x = 1\n", "    ", "trust_remote_code=True, ", "# qtune: ignore\n"),
    ),
}


@pytest.fixture(scope="module", params=["utf-16", "utf-8", "utf-32"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Wire, str]]:
    home = tmp_path_factory.mktemp("home")
    wanted = [request.param, "utf-16"]
    with wire(home) as running:
        result = running.start(
            home,
            {**PLAIN, "general": {"positionEncodings": wanted if wanted[0] != "utf-16" else []}},
        )
        assert result["capabilities"]["positionEncoding"] == request.param
        yield running, request.param
        assert running.end() == 0
        assert running.stderr() == ""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_thousand_random_edits_leave_the_text_as_the_client_has_it(
    server: tuple[Wire, str], tmp_path: Path, name: str
) -> None:
    wired, encoding = server
    rng = random.Random(f"{name} {encoding}")
    text, pieces = DOCUMENTS[name]
    path = tmp_path / "项目 一" / name
    path.parent.mkdir()
    client, uri = Client(text, encoding), path.as_uri()
    wired.open(uri, text)
    same(wired.found(uri), fresh(client, path))
    edits = 1000 if encoding == "utf-16" else 250
    done, some = 0, 0
    while done < edits:
        burst = [client.edit(rng, (*pieces, *ODD)) for _ in range(rng.choice((1, 2, 3, 8, 30)))]
        done += len(burst)
        version = 0
        if rng.random() < 0.5:  # one message with many changes, or many with one
            version = wired.change(uri, burst)
        else:
            for change in burst:
                version = wired.change(uri, [change])
        expected = fresh(client, path)
        same(wired.found(uri, version), expected)
        some += bool(expected)
        if len(client.text) > 3000 or not expected or rng.random() < 0.2:
            client.text = text  # and the whole text at once
            same(wired.found(uri, wired.replace(uri, text)), fresh(client, path))
    assert some > 2
    wired.close(uri)
    assert wired.found(uri, None) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_of_a_burst_only_the_pauses_are_answered_and_last_the_last_version(
    server: tuple[Wire, str], name: str
) -> None:
    wired, encoding = server
    if encoding != "utf-16":
        pytest.skip("is the same in all encodings")
    path = Path(f"/nowhere/burst/{name}")
    text = DOCUMENTS[name][0] + "# and so on\n" * 2000
    client, uri = Client(text, encoding), path.as_uri()
    wired.open(uri, text)
    wired.found(uri)
    version = 0
    for _ in range(200):
        version = wired.change(uri, [{"range": stretch(0, 0, 0, 0), "text": "#"}])
        client.text = "#" + client.text
    answers = [m["params"] for m in (wired.until(_published), *wired.drain(2.0)) if _published(m)]
    assert answers[-1]["version"] == version
    # One or two where nothing else runs; each time the machine turns to others is a pause in typing.
    assert len(answers) <= 20
    same(answers[-1]["diagnostics"], fresh(client, path))
    assert len(answers[-1]["diagnostics"]) > 1
    wired.close(uri)
    wired.found(uri, None)


def _published(message: Message) -> bool:
    return bool(message.get("method") == "textDocument/publishDiagnostics")
