"""The language follows QTUNE_LANG, then the user's locale."""

from __future__ import annotations

import pytest

from qtune.core.text import Text, language, plain


@pytest.mark.parametrize(
    ("wanted", "environ", "expected"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        ("en", {"LANG": "zh_CN.UTF-8"}, "en"),
        ("auto", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("auto", {"LANG": "zh_TW"}, "zh"),
        ("auto", {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ("auto", {"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh"),
        ("auto", {"LANG": "de_DE.UTF-8"}, "en"),
        ("auto", {}, "en"),
        ("klingon", {"LANG": "zh_CN"}, "zh"),
    ],
)
def test_the_language_that_is_spoken(wanted: str, environ: dict[str, str], expected: str) -> None:
    assert language(wanted, environ) == expected


def test_a_text_has_both_languages() -> None:
    text = Text("yes", "是")
    assert (text.to("en"), text.to("zh"), str(text)) == ("yes", "是", "yes")
    assert plain("/a/path") == Text("/a/path", "/a/path")
