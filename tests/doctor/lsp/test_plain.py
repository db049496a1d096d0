"""The server's diagnostics and the plain ones of pylsp's plugin are the same, down to the last character."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.workspace import PositionCodec

from qtune.core.text import Lang
from qtune.doctor.documents.check import check
from qtune.doctor.lsp import convert, plain
from qtune.doctor.lsp.client import Client

TEXTS = {
    ".env": "# 😀 中文\r\nHF_TOKN=x\nUSE_MODELSCOPE='😀' # b\nHF_TOKEN=a\nHF_TOKEN=b\n",
    "sft.yaml": "model: Qwen/Qwen3-4B\ndata: 😀.jsonl\ntuning: qlorra\n",
    "a.py": "import torch\n'😀'; torch.hub; x = '\u2028'\nimport requests; requests.get('', verify=False)\n",
    "b.py": "from transformers import AutoModel\ns = '😀😀'; AutoModel.from_pretrained(s, use_auth_token=1)\n",
}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", TEXTS)
def test_both_conversions_agree(tmp_path: Path, name: str, lang: Lang) -> None:
    text, path = TEXTS[name], tmp_path / name
    findings = check(text, path, tmp_path).findings
    assert findings
    codec = PositionCodec(types.PositionEncodingKind.Utf16)
    lines, places = convert.Lines(text, codec), plain.Places(text)
    client = Client(pages=True, tags=True, lang=lang)
    for finding in findings:
        served = convert.diagnostic(finding, lines, path.as_uri(), client, "file:///page.md")
        told = plain.diagnostic(finding, places, lang, "file:///page.md", tags=True)
        assert get_converter().unstructure(served, types.Diagnostic) == told


def test_every_place_is_found_again() -> None:
    for text in TEXTS.values():
        places = plain.Places(text)
        for number, line in enumerate(places.lines, 1):
            for column in range(1, len(line) + 2):
                assert places.column_at(*places.at(number, column)) == (number, column)
