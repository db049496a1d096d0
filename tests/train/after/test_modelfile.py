"""Ollama's template, read off real chat templates, writes the same conversations."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

import pytest

from qtune.train.after.modelfile import Turns, modelfile, turns_of
from qtune.train.texts import prompting
from tests.train.templates import FOLDER, tokenizer

CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "你好 {{ x }}"},
    {"role": "assistant", "content": "Hi!\nThere."},
    {"role": "user", "content": "Bye"},
]


def turns(name: str, thinking: bool | None = None) -> tuple[Turns | None, Any]:
    made = copy.copy(tokenizer(name))
    prompting.remember(made, thinking)

    def render(messages: Sequence[dict[str, str]], asks: bool) -> str:
        text = made.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=asks)
        return str(text)

    return turns_of(render, made.bos_token or ""), render


def as_ollama(file: str, messages: Sequence[dict[str, str]]) -> str:
    """What Go's text/template makes of the one kind of template that is written."""
    found = re.search(r'TEMPLATE """(.*?)"""', file, re.DOTALL)
    assert found is not None
    before, _, rest = found[1].partition("{{ range .Messages }}")
    loop, _, asks = rest.rpartition("{{ end }}{{ end }}")
    system = any(message["role"] == "system" for message in messages)
    usual = re.fullmatch(r"\{\{ if not \.System \}\}(.*)\{\{ end \}\}", before, re.DOTALL)
    text = "" if usual is None or system else usual[1]
    pieces = dict(re.findall(r'if eq \.Role "(\w+)" \}\}(.*?)(?=\{\{ else|\Z)', loop, re.DOTALL))
    for message in messages:
        text += pieces[message["role"]].replace("{{ .Content }}", message["content"])
    return text + asks


KNOWN = ["qwen3", "qwen3_instruct_2507", "qwen2_5", "llama3"]


@pytest.mark.parametrize("name", [name for name in KNOWN if (FOLDER / f"{name}.jinja").is_file()])
@pytest.mark.parametrize("thinking", [None, True, False], ids=str)
def test_the_modelfile_writes_what_the_template_writes(name: str, thinking: bool | None) -> None:
    found, render = turns(name, thinking)
    assert found is not None
    file = modelfile(found, ["<|im_end|>"])
    bos = tokenizer(name).bos_token or ""
    for messages in (CONVERSATION, CONVERSATION[1:], CONVERSATION[:2], CONVERSATION[1:2]):
        assert as_ollama(file, messages) == render(messages, True).removeprefix(bos)
    assert 'PARAMETER stop "<|im_end|>"' in file and "\nFROM .\n" in file


def test_a_template_that_thinks_only_if_told_so_is_written_without_the_thought() -> None:
    silent, _ = turns("qwen3", False)
    free, _ = turns("qwen3", True)
    assert silent is not None and free is not None
    assert silent.asks == free.asks + "<think>\n\n</think>\n\n"


def test_a_template_that_writes_turns_by_what_stands_around_them_is_left_out() -> None:
    def counting(messages: Sequence[dict[str, str]], asks: bool) -> str:
        return "".join(f"[{i} of {len(messages)}]{m['content']}" for i, m in enumerate(messages))

    def refusing(messages: Sequence[dict[str, str]], asks: bool) -> str:
        if messages[0]["role"] == "system":
            raise ValueError("no system message")
        return "x"

    assert turns_of(counting) is None
    assert turns_of(refusing) is None
    assert "TEMPLATE" not in modelfile(None, ["</s>"])
