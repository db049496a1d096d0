"""No sentence of ours is English in a Chinese report, and no word of others is changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from qtune.doctor.wording import in_both

DOCTOR = Path(__file__).parents[2] / "doctor"
# Calls whose text becomes the detail of a stage, of a sample or of what could not be looked at.
SAYS = {"Ended": 1, "Unknown": 1, "NotHttp": 0, "finish": 0}


def samples(expression: ast.expr, function: ast.AST) -> Iterator[str]:
    """Every text that `expression` may be, with 7 for what is only known later."""
    if isinstance(expression, ast.Constant):
        yield str(expression.value)
    elif isinstance(expression, ast.IfExp):
        yield from samples(expression.body, function)
        yield from samples(expression.orelse, function)
    elif isinstance(expression, ast.JoinedStr):
        parts = [[*samples(value, function)] for value in expression.values]
        yield from ("".join(chosen) for chosen in product(*parts))
    elif isinstance(expression, ast.Call) and getattr(expression.func, "id", "") == "redact":
        yield from samples(expression.args[0], function)
    elif isinstance(expression, ast.FormattedValue):
        if ast.unparse(expression.value) == "until.words()":
            yield from ("within 7 s", "in time")
        elif isinstance(expression.value, ast.Name):
            yield from samples(expression.value, function)
        else:
            yield "7"
    elif isinstance(expression, ast.Name):
        values = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and any(getattr(target, "id", "") == expression.id for target in node.targets)
        ]
        written = [v for v in values if isinstance(v, ast.Constant | ast.JoinedStr | ast.IfExp)]
        texts = [text for value in written for text in samples(value, function)]
        yield from texts or ["7"]


def said() -> set[str]:
    found: set[str] = set()
    wire = DOCTOR.parent / "core" / "wire"  # of which the probes use these
    of_the_wire = [wire / f"{name}.py" for name in ("head", "lookup", "streams", "tunnel")]
    for file in [
        *sorted((DOCTOR / "probes").glob("*.py")),
        *of_the_wire,
        DOCTOR / "schedule.py",
    ]:
        for function in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if not isinstance(call, ast.Call):
                    continue
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                place = SAYS.get(name)
                if place is not None and len(call.args) > place:
                    found |= {*samples(call.args[place], function)}
    return {text for text in found if re.search(r"[a-z]", text) and not text.startswith("--")}


def test_every_sentence_of_a_probe_has_its_chinese() -> None:
    sentences = said()
    assert len(sentences) > 35, "the reader of the source finds them"
    assert [text for text in sorted(sentences) if in_both(text).zh.startswith("原话")] == []


@pytest.mark.parametrize(
    ("words", "chinese"),
    [
        ("no answer within 5 s", "5 秒内没有响应"),
        ("no answer in time", "限定时间内没有响应"),
        ("http://p:1 does not speak as a proxy: the answer is not HTTP",
         "http://p:1 不是代理：响应不是 HTTP"),
        ("the proxy http://p:1 could not reach h:443: host unreachable",
         "代理 http://p:1 无法连接 h:443：“host unreachable”"),
        ("HTTPS_PROXY is no proxy address that can be used: its port is wrong",
         "HTTPS_PROXY 不是可用的代理地址：端口有误"),
        ("huggingface.co: no complete answer within 4 s",
         "huggingface.co：4 秒内没有完整响应"),
        ("certificate has expired", "原话：“certificate has expired”"),
        ("模型不存在 {0}", "原话：“模型不存在 {0}”"),
        ("it answered 200 with {a}, where a hub answers with JSON",
         "返回了 200（{a}），而下载源返回的应是 JSON"),
        ("", ""),
    ],
)  # fmt: skip
def test_ours_is_told_in_chinese_and_others_words_are_quoted(words: str, chinese: str) -> None:
    assert (in_both(words).en, in_both(words).zh) == (words, chinese)
