"""Resting on a place tells what stands there, in both languages, and nothing that a file says can act."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qtune.core import envfile
from qtune.core.runfields import CLOSED
from qtune.core.runschema import schema
from qtune.core.table import TABLE
from qtune.core.text import Lang, Text, plain
from qtune.doctor.documents import markup
from qtune.doctor.documents.check import check
from qtune.doctor.documents.hover import Hover, hover
from qtune.doctor.documents.run import words as runwords
from qtune.doctor.documents.run.ownkeys import KEYS
from qtune.doctor.documents.world import World
from qtune.doctor.finding import Applicability, Finding, Fix, Severity, Span
from qtune.doctor.rules import RULES
from tests.doctor.documents.known import LLAMA, QWEN, finding, report, world
from tests.doctor.report.hostile import TEXTS
from tests.hub.worlds import GOOD

ENV, YAML = Path("/project/.env"), Path("/project/run.yaml")
LANGUAGES: tuple[Lang, ...] = ("en", "zh")
NOTHING = World()


def on(
    text: str,
    word: str,
    path: Path = ENV,
    known: World = NOTHING,
    lang: Lang = "en",
    findings: tuple[Finding, ...] = (),
    root: Path | None = None,
) -> Hover | None:
    """The hover on the last place where `word` stands."""
    at = text.rindex(word)
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return hover(text, path, line, column, known, lang, findings, root=root)


def said(*args: object, **more: object) -> str:
    found = on(*args, **more)  # type: ignore[arg-type]
    assert found is not None
    return found.markdown


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_setting_tells_what_it_is_and_what_reads_it(lang: Lang) -> None:
    for row in TABLE:
        text = said(f"{row.key}={row.default}\n", row.key, lang=lang)
        assert row.summary.to(lang) in text and row.why.to(lang) in text
        assert all(choice in text for choice in row.choices)
        assert ("Read by" if lang == "en" else "读取者") in text
        assert "core." not in text and "commands." not in text


def test_the_line_that_counts_and_the_ones_that_do_not() -> None:
    text = "QTUNE_LANG=en\nQTUNE_LANG=zh\n"
    first = hover(text, ENV, 1, 3, NOTHING, "en")
    last = hover(text, ENV, 2, 3, NOTHING, "zh")
    assert first is not None and "`zh`, from .env line 2, which goes before" in first.markdown
    assert last is not None and "`zh`，来自这一行" in last.markdown


def test_the_process_goes_before_the_users_config_and_that_before_the_file() -> None:
    user = envfile.parse("QTUNE_LANG=zh\nQTUNE_DEVICE=cpu\n", Path("/home/me/config.env"))
    known = World({"QTUNE_LANG": "en"}, user=user)
    text = "QTUNE_LANG=auto\nQTUNE_DEVICE=cuda\n"
    assert "`en`, from the environment variable QTUNE_LANG" in said(text, "QTUNE_LANG", known=known)
    assert "`cpu`，来自 config.env 第 2 行" in said(text, "QTUNE_DEVICE", known=known, lang="zh")


def test_an_empty_value_and_one_that_cannot_be_used() -> None:
    assert "counts as not set" in said("QTUNE_LANG=\n", "QTUNE_LANG")
    assert "In effect: `auto`, the default, because 'klingon' is not one of" in said(
        "QTUNE_LANG=klingon\n", "klingon"
    )


def test_a_template_is_in_effect_nowhere() -> None:
    text = said("QTUNE_LANG=zh\n", "QTUNE_LANG", Path(".env.example"), World({"QTUNE_LANG": "en"}))
    assert "The language qtune speaks" in text and "In effect" not in text


def test_a_setting_in_code_tells_what_it_is_and_nothing_of_its_value() -> None:
    text = 'import os\nos.environ["HF_ENDPOINT"] = "https://x.example"\n'
    shown = said(text, "HF_ENDPOINT", Path("a.py"), World({"HF_ENDPOINT": "https://y.example"}))
    assert "The Hugging Face hub's address" in shown and "In effect" not in shown
    assert "Hugging Face 的地址" in said(text, "HF_ENDPOINT", Path("a.py"), lang="zh")
    assert on('print("HF_ENDPOINT")\n', "HF_ENDPOINT", Path("a.py")) is None


def test_another_programs_key_is_nothing_of_ours() -> None:
    assert on("DATABASE_URL=postgres://x\n", "DATABASE_URL") is None
    assert on("# only a comment\n", "comment") is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_secrets_are_masked_wherever_they_stand(lang: Lang) -> None:
    plain_secret = "correct-horse-battery-staple"
    text = (
        f"HF_TOKEN={GOOD}\nMODELSCOPE_API_TOKEN={plain_secret}\n"
        f"HTTPS_PROXY=http://me:{plain_secret}@proxy.example:8080\n"
        f"HF_ENDPOINT=https://{plain_secret}.example\nQTUNE_OUTPUT_DIR=/data/{GOOD}\n"
        "HF_HOME=/cache/hfMODELSCOPE_API_TOKEN=lost-newline-secret\n"
    )
    known = World({"HF_TOKEN": "hf_" + "Z" * 34, "HF_HOME": f"/x/{GOOD}"})
    findings = check(text, ENV).findings
    shown = []
    for number, line in enumerate(text.splitlines(), 1):
        for column in range(1, len(line) + 2):
            found = hover(text, ENV, number, column, known, lang, findings)
            shown.append(found.markdown if found else "")
    everything = "\n".join(shown)
    assert "hf_…ZZZZ" in everything and "proxy.example:8080" in everything
    assert "lost-newline" not in everything
    assert GOOD not in everything and plain_secret not in everything and "Z" * 10 not in everything


# --- run configs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_field_has_its_type_its_default_and_why_qtune_owns_it(lang: Lang) -> None:
    for section in ("lora", "training", "preference"):
        for name in schema(section).fields:
            text = runwords.about(f"{section}.{name}", lang)
            shut = CLOSED[section].get(name)
            if shut is not None:
                assert shut.code in text and shut.reason.to(lang) in text
            else:
                assert ("Default `" if lang == "en" else "默认 `") in text
    for path, key in KEYS.items():
        assert key.summary.to(lang) in runwords.about(path, lang)


def test_a_field_in_its_section() -> None:
    text = "model: a/b\ntraining:\n  learning_rate: 1e-4\n  fp16: true\nlora: {r: 8}\n"
    rate = said(text, "learning_rate", YAML)
    assert "a number" in rate and "Default `0.0001`" in rate and "Must be above 0." in rate
    assert "set QTUNE_DTYPE" in said(text, "fp16", YAML)
    assert "Default `8`" in said(text, "r: 8", YAML)
    assert "默认 `8`" in said(text, "r: 8", YAML, lang="zh")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_default_that_depends_on_the_run_is_told_for_each(lang: Lang) -> None:
    rate = runwords.about("training.learning_rate", lang)
    for value in ("0.0001", "1e-05", "5e-06", "1e-06"):
        assert f"`{value}`" in rate
    assert "tuning: full" in rate and ("method: dpo or kto" in rate) == (lang == "en")
    batch = runwords.about("training.per_device_train_batch_size", lang)
    assert "`2`" in batch and "method: kto" in batch


def test_a_field_of_preferences_is_told_with_its_words() -> None:
    text = "model: a/b\nmethod: dpo\npreference:\n  beta: 0.1\n  loss_type: ipo\n  pad_token: x\n"
    assert "Default `0.1`" in said(text, "beta", YAML)
    assert "`apo_zero`" in said(text, "loss_type", YAML)
    assert "tokenizer's own" in said(text, "pad_token", YAML)
    assert "TRL" in said(text, "preference", YAML)


def test_a_name_from_another_trainer_is_explained() -> None:
    text = "model: a/b\ndata: x\ncutoff_len: 3\ntraining: {warmup_ratio: 0.1}\n"
    assert "max_length at the top level" in said(text, "cutoff_len", YAML)
    assert "请写 warmup" in said(text, "warmup_ratio", YAML, lang="zh")
    assert on("model: a/b\ndata: x\nnonsense: 1\n", "nonsense", YAML) is None


# --- models ---------------------------------------------------------------------------------------


def test_what_the_last_report_knows_of_a_model() -> None:
    known = world(report(LLAMA, 3, finding("GATE402", Severity.ERROR)), report(QWEN, 50))
    text = said(f"model: {LLAMA}\ndata: x\n", LLAMA, YAML, known)
    assert "4.02 B parameters · 8.1 GB (12 files) · qwen3" in text
    assert "Hugging Face: gated, licence not accepted" in text and "ModelScope: may be read" in text
    assert "As the doctor saw it 3 h ago, with 1 error: GATE402" in text
    chinese = said(f"model: {QWEN}\ndata: x\n", QWEN, YAML, known, "zh")
    assert "40.2 亿参数 · 8.1 GB（12 个文件）" in chinese
    assert "来自 2.1 天前的检查，没有发现问题。" in chinese


def test_a_model_that_was_never_examined() -> None:
    text = said("model: o/n\ndata: x\n", "o/n", YAML, world(report()))
    assert "`qtune doctor o/n`" in text and "parameters" not in text
    known_size = said("model: Qwen/Qwen3-8B\ndata: x\n", "Qwen/", YAML)
    assert "8.19 B parameters" in known_size and "`qtune doctor Qwen/Qwen3-8B`" in known_size


def test_a_whole_download_is_told() -> None:
    known = world(report(cached=8_060_000_000))
    assert "downloaded" in said(f"model: {QWEN}\ndata: x\n", QWEN, YAML, known)


def test_the_page_is_on_the_hub_that_serves(tmp_path: Path) -> None:
    text = f"model: {QWEN}\ndata: x\n"
    on_modelscope = f"[ModelScope](https://modelscope.cn/models/{QWEN})"
    on_hugging_face = f"[Hugging Face](https://huggingface.co/{QWEN})"
    assert on_modelscope in said(text, QWEN, YAML)
    assert on_hugging_face in said(text, QWEN, YAML, World({"USE_MODELSCOPE": "False"}))
    (tmp_path / ".env").write_text("USE_MODELSCOPE=False\nHF_ENDPOINT=https://hf-mirror.example\n")
    assert on_hugging_face in said(text, QWEN, YAML, root=tmp_path)
    own = f"USE_MODELSCOPE=False\nDEFAULT_MODEL={QWEN}\n"
    assert on_hugging_face in said(own, QWEN)
    assert "DEFAULT_MODEL" in said(own, QWEN)


# --- codes and findings ---------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_tells_its_rule(lang: Lang) -> None:
    for rule in RULES:
        text = said(f"A=1 # qtune: ignore[{rule.code}]\n", rule.code, lang=lang)
        assert rule.title.to(lang) in re.sub("`+ ?", "", text) or rule.name in text
        assert f"`qtune explain {rule.code}`" in text
        assert text.count("```") % 2 == 0, "a code block was cut in two"
        assert len(text) < 6000


def test_a_code_that_no_rule_has() -> None:
    assert on("A=1 # qtune: ignore[ENV999]\n", "ENV999") is None


def test_a_finding_and_its_page_before_what_stands_there() -> None:
    text = "USE_MODELSCOPE=Tru\n"
    findings = check(text, ENV).findings
    for lang in LANGUAGES:
        shown = said(text, "Tru", lang=lang, findings=findings)
        assert shown.index("ENV805") < shown.index("ModelScope")
        assert "# qtune: ignore[ENV805]" in shown and "qtune explain ENV805" in shown
    assert "ENV805" not in said(text, "Tru")


def test_a_finding_where_nothing_else_stands_and_one_without_an_end() -> None:
    text = "what is this\nA=1\n"
    findings = check(text, ENV).findings
    found = on(text, "is this", findings=findings)
    assert found is not None and "ENV800" in found.markdown and found.span.line == 1
    open_end = Finding("ENV800", Severity.ERROR, plain("x"), span=Span(str(ENV), 1, 6))
    assert hover(text, ENV, 1, 3, NOTHING, "en", (open_end,)) is None
    assert hover(text, ENV, 1, 9, NOTHING, "en", (open_end,)) is not None


def test_the_rest_of_a_page_is_linked_where_it_has_an_address() -> None:
    text = "A=1 # qtune: ignore[ENV801]\n"
    pages = {
        "file:///home/me/%E9%A1%B5/ENV801.md": True,
        "https://example.org/ENV801": True,
        "command:workbench.action.quit": False,
        "javascript:alert(1)": False,
        "https://example.org/) [x](command:y": False,
    }
    for url, linked in pages.items():

        def page_at(code: str, url: str = url) -> str:
            return url

        found = hover(text, ENV, 1, 22, NOTHING, "en", pages_at=page_at)
        assert found is not None
        assert (f"[The whole page]({url})" in found.markdown) is linked
        assert linked or "](" not in found.markdown


# --- nothing that a file says can act -------------------------------------------------------------

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_ALLOWED = re.compile(r"https://(?:huggingface\.co|modelscope\.cn)/[\w./#-]+")
_PLAIN = {
    "text", "softbreak", "inline", "code_inline", "paragraph_open", "paragraph_close", "hr", "fence",
    "strong_open", "strong_close", "bullet_list_open", "bullet_list_close", "list_item_open",
    "list_item_close", "link_open", "link_close",
}  # fmt: skip


def harmless(markdown: str) -> None:
    """As a renderer reads it: known elements, our own links, and text that no later step makes into more.

    Later steps are those of GitHub's dialect (addresses become links) and JupyterLab's mathematics.
    """
    tokens = _MARKDOWN.parse(markdown)
    inner = [child for token in tokens for child in token.children or []]
    for token in [*tokens, *inner]:
        assert token.type in _PLAIN, (token.type, token.content, markdown)
        if token.type == "link_open":
            assert _ALLOWED.fullmatch(str(token.attrs["href"])), token.attrs
        if token.type == "text":
            assert not re.search(r"[$\\<>\x00-\x1f\u202e]|//|\w@|www\.", token.content), (
                token.content
            )


HOSTILE = (
    *TEXTS,
    "[run](command:workbench.action.terminal.new)",
    "![x](https://evil.example/pixel.png)",
    "<img src=x onerror=alert(1)> <https://evil.example>",
    "$\\href{javascript:alert(1)}{x}$ \\(x\\) \\[y\\]",
    "a`b``c[d](command:e)`",
    "https://evil.example www.evil.example me@evil.example",
    "&lt;script&gt; &#91;x&#93;(command:y)",
    "\n\n# head\n\n---\n\n```\n[x](command:y)",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_of_a_file_neither_format_nor_link_nor_typeset(text: str, lang: Lang) -> None:
    words = Text(text, text)
    fix = Fix(words, Applicability.MANUAL, command=text, url=text)
    hostile = Finding(
        "ZZZ999", Severity.ERROR, words, (words,), span=Span("x", 1, 1, 1, 99), fix=fix
    )
    line = text.replace("\n", " ").replace("\r", " ").replace("'", "")
    env = f"QTUNE_OUTPUT_DIR='{line}'\n"
    yaml = f"model: a/b\ndata: '{line}'\n'{line}': 1\n"
    shown = [
        hover(env, ENV, 1, 20, NOTHING, lang, (hostile,)),
        hover("QTUNE_OUTPUT_DIR=x\n", ENV, 1, 3, World({"QTUNE_OUTPUT_DIR": text}), lang),
        hover(yaml, YAML, 2, 9, NOTHING, lang),
        hover(yaml, YAML, 3, 2, NOTHING, lang),
    ]
    assert shown[0] is not None and shown[1] is not None
    for found in shown:
        harmless(found.markdown if found is not None else "")


@given(
    st.text(st.characters(), max_size=60)
    | st.text("_*w(., 数", max_size=12)
    | st.text("`[]()<>$\\&;!*_~|#-=+.:/@ \n\twa1", max_size=60)
)
@settings(max_examples=500, deadline=None)
def test_no_words_at_all_can_act(text: str) -> None:
    harmless(f"**x** {markup.words(text)}\n\n- {markup.words(text)}\n\n{markup.code(text)}")
    harmless(markup.words(f"在{text}中"))


def test_a_value_of_a_megabyte_is_cut() -> None:
    text = f"QTUNE_OUTPUT_DIR={'x' * 500_000}\n"
    assert len(said(text, "QTUNE")) < 2000
