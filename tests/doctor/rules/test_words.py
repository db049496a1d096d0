"""Markdown of the pages: what `prose` keeps, and where it lets lines flow together."""

from __future__ import annotations

import pytest

from qtune.core.text import Text
from qtune.doctor.page import markdown
from qtune.doctor.rules import cfg, dwn, env, gate, tok, trn
from qtune.doctor.rules.words import amid, joined, prose


def test_a_paragraph_becomes_one_line() -> None:
    text = prose(
        """
        one
        two

        three
        """,
        """
        一二
        三四，
        HF_TOKEN 五
        Six
        """,
    )
    assert text.en == "one two\n\nthree"
    assert text.zh == "一二三四，HF_TOKEN 五 Six"


def test_lists_and_code_keep_their_lines() -> None:
    text = prose(
        """
        Do:

        - one,
          which goes on
        - two

        ```bash
        a
          b
        ```
        after
        """,
        "一",
    )
    assert text.en == "Do:\n\n- one, which goes on\n- two\n\n```bash\na\n  b\n```\nafter"


def test_joined_texts_are_paragraphs() -> None:
    assert joined(Text("a", "甲"), Text("b", "乙")) == Text("a\n\nb", "甲\n\n乙")


@pytest.mark.parametrize(
    ("words", "amidst"),
    [
        (".env 第 3 行", " .env 第 3 行"),
        ("环境变量 HF_TOKEN", "环境变量 HF_TOKEN "),
        ("默认值", "默认值"),
    ],
)
def test_latin_letters_keep_their_distance_from_chinese(words: str, amidst: str) -> None:
    assert amid(Text("", words)) == amidst


@pytest.mark.parametrize(
    "said",
    [
        "401 Client Error: Unauthorized for url",
        "Can't load config for 'Qwen/Qwen3-4B'",
        "https://huggingface.co/settings/tokens",
        "USE_MODELSCOPE=True",
        "DEFAULT_MODEL=Qwen/Qwen3-4B",
        "token=None",
        "限额",
        "门控模型",
    ],
)
def test_what_people_ask_in_the_faq_stands_on_a_page(said: str) -> None:
    rules = (*tok.RULES, *gate.RULES, *env.RULES, *cfg.RULES, *dwn.RULES, *trn.RULES)
    assert any(said in markdown(rule, "zh") for rule in rules)
