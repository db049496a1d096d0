"""Links, hints beside the lines, and the lens above the first: short words that are true and cannot act."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qtune.core import envfile
from qtune.core.text import Lang
from qtune.doctor.documents.commands import OPEN_REPORT, RUN_DOCTOR
from qtune.doctor.documents.hints import Hint, hints
from qtune.doctor.documents.lens import Lens, lens
from qtune.doctor.documents.links import below, links
from qtune.doctor.documents.world import World
from qtune.doctor.finding import Severity
from tests.doctor.documents.known import LLAMA, QWEN, finding, report, world
from tests.hub.worlds import GOOD

ENV, YAML = Path(".env"), Path("run.yaml")
NOTHING = World()
LANGUAGES: tuple[Lang, ...] = ("en", "zh")

# --- links ----------------------------------------------------------------------------------------


def urls(text: str, path: Path, known: World = NOTHING, root: Path | None = None) -> list[str]:
    found = links(text, path, known, "en", lambda code: f"https://rules.example/{code}", root)
    return [link.url for link in found]


def test_a_model_leads_to_the_hub_that_serves_it() -> None:
    text = f"model: {QWEN}\ndata: x\n"
    assert urls(text, YAML) == [f"https://modelscope.cn/models/{QWEN}"]
    assert urls(text, YAML, World({"USE_MODELSCOPE": "0"})) == [f"https://huggingface.co/{QWEN}"]
    assert urls(text, YAML, World({"MODELSCOPE_ENDPOINT": "https://www.modelscope.ai"})) == [
        f"https://www.modelscope.ai/models/{QWEN}"
    ]


@pytest.mark.parametrize(
    "setting",
    [
        "HF_ENDPOINT=https://evil.example\nUSE_MODELSCOPE=False",
        "QTUNE_SOURCES=https://evil.example",
        "MODELSCOPE_ENDPOINT=https://evil.example",
        "MODELSCOPE_ENDPOINT=javascript:alert(1)//",
        "QTUNE_SOURCES=command:quit",
    ],
)
def test_no_address_that_a_file_names_is_linked(setting: str) -> None:
    for url in urls(f"{setting}\nDEFAULT_MODEL={QWEN}\n", ENV):
        assert url in (f"https://huggingface.co/{QWEN}", f"https://modelscope.cn/models/{QWEN}")


def test_only_the_name_itself_is_the_link() -> None:
    (found,) = links(f"# 😀\nDEFAULT_MODEL='{QWEN}' # 中文\n", ENV, NOTHING)
    assert (found.span.line, found.span.column, found.span.end_column) == (2, 16, 16 + len(QWEN))


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "Open on ModelScope"), ("zh", "在 ModelScope 上打开")]
)
def test_links_say_where_they_lead(lang: Lang, words: str) -> None:
    assert links(f"DEFAULT_MODEL={QWEN}\n", ENV, NOTHING, lang)[0].tooltip == words


def test_codes_lead_to_their_pages_and_to_nothing_else() -> None:
    text = "A=1 # qtune: ignore[ENV801,TOK301]\n"
    assert urls(text, ENV) == ["https://rules.example/ENV801", "https://rules.example/TOK301"]
    assert links(text, ENV, NOTHING) == ()
    assert links(text, ENV, NOTHING, pages_at=lambda code: f"command:{code}") == ()


def test_data_files_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "数据").mkdir()
    (tmp_path / "数据" / "a b.jsonl").write_text("x")
    (tmp_path.parent / "outside.jsonl").write_text("x")
    text = "model: x\ndata:\n- 数据/a b.jsonl\n- path: 数据/a b.jsonl\n- gone.jsonl\n- ../outside.jsonl\n"
    found = [url for url in urls(text, YAML, root=tmp_path) if url.startswith("file://")]
    assert found == [(tmp_path / "数据" / "a b.jsonl").as_uri()] * 2
    assert not any(url.startswith("file:") for url in urls(text, YAML))


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../x", "a/../../x", "~/x", "C:/x", "\\\\host\\share", "//host/share", "", " ",
     "a\0b", "http://x/y", "file:x"],
)  # fmt: skip
def test_nothing_elsewhere_is_even_looked_for(path: str) -> None:
    """On Windows a look at \\\\host\\share would send the user's name and hash to that host."""
    assert not below(path)


def test_below_the_folder_is_below() -> None:
    assert below("data/train.jsonl") and below("数据 😀.jsonl") and below("a..b/c")


# --- hints ----------------------------------------------------------------------------------------


def told(text: str, known: World = NOTHING, path: Path = ENV, lang: Lang = "en") -> list[str]:
    return [hint.text for hint in hints(text, path, known, lang)]


def test_what_is_in_effect_where_the_line_says_otherwise() -> None:
    text = "QTUNE_LANG=en # mine 😀\nQTUNE_LANG='zh'\nQTUNE_DEVICE=cuda\n"
    known = World({"QTUNE_DEVICE": "cpu"}, user=envfile.parse("QTUNE_IP_FAMILY=4\n"))
    assert hints(text, ENV, known, "en") == (
        Hint(1, 14, "= zh (line 2)", "In effect for QTUNE_LANG; this line does not count."),
        Hint(3, 18, "= cpu (environment)", "In effect for QTUNE_DEVICE; this line does not count."),
    )
    assert told(text, known, lang="zh") == ["= zh（第 2 行）", "= cpu（环境变量）"]
    assert told("QTUNE_IP_FAMILY=6\n", known) == ["= 4 (your own settings)"]
    assert told("QTUNE_DEVICE=gpu\n") == ["= auto (default)"]


def test_no_hint_where_the_line_counts_or_says_the_same() -> None:
    known = World({"QTUNE_LANG": "zh"})
    assert told("QTUNE_LANG=zh\nQTUNE_DEVICE=cpu\nOTHER=1\n", known) == []
    assert told("QTUNE_LANG=\n", known) == []
    assert told("QTUNE_LANG=en\n", known, Path(".env.example")) == []
    assert told("QTUNE_LANG=en\nQTUNE_LANG=en\n") == []


def test_hints_mask_and_hold_in_one_line() -> None:
    other = "hf_" + "Z" * 34
    known = World(
        {"HF_TOKEN": other, "QTUNE_OUTPUT_DIR": "a\n[b](command:c)\x1b\u202e" + "x" * 5000}
    )
    text = f"HF_TOKEN={GOOD}\nQTUNE_OUTPUT_DIR=runs\nHF_HOME=/x/{GOOD}\nHF_HOME=/y\n"
    shown = told(text, known)
    assert shown[0] == "= hf_…ZZZZ (environment)"
    assert all(len(hint) < 120 and hint.isprintable() for hint in shown)
    assert GOOD not in repr(hints(text, ENV, known, "en")) and other not in repr(shown)
    assert told(f"HF_HOME=/y\nHF_HOME=/x/{GOOD}\n") == ["= /x/hf_…aaaa (line 2)"]


def test_the_memory_of_a_run_beside_what_decides_it() -> None:
    known = world(report(QWEN, 3))
    text = f"# 😀\nmodel: {QWEN}\ndata: quickstart\nmax_length: 2048 # 数据\n"
    (english,) = hints(text, YAML, known, "en")
    assert (english.line, english.column) == (4, 17)
    assert re.fullmatch(r"≈ \d+\.\d GiB of 79\.0 GiB GPU memory", english.text)
    assert "NVIDIA H100 3 h ago" in english.tooltip and "weights: 7.5 GiB" in english.tooltip
    (chinese,) = hints(text, YAML, known, "zh")
    assert re.fullmatch(r"≈ 显存 \d+\.\d GiB / 79\.0 GiB", chinese.text)
    assert "3 小时前" in chinese.tooltip and "模型权重" in chinese.tooltip
    without = hints(f"model: {QWEN}\ndata: quickstart\n", YAML, known, "en")
    assert (without[0].line, without[0].column) == (1, 8 + len(QWEN))
    assert without[0].text == english.text
    longer = hints(text.replace("2048", "32768"), YAML, known, "en")
    assert longer[0].text != english.text


def test_no_memory_is_guessed_without_a_report_or_for_a_config_that_cannot_run() -> None:
    text = f"model: {QWEN}\ndata: quickstart\n"
    assert hints(text, YAML, NOTHING, "en") == ()
    assert hints(f"{text}tuning: lorra\n", YAML, world(report(QWEN)), "en") == ()
    assert hints("model: o/unknown\ndata: quickstart\n", YAML, world(report(QWEN)), "en") == ()


# --- lens -----------------------------------------------------------------------------------------


def test_the_doctor_stands_above_what_it_can_examine() -> None:
    assert lens("", ENV, NOTHING, "en") == (Lens(1, "Run the doctor", RUN_DOCTOR),)
    run = lens("model: x\ndata: y\n", YAML, NOTHING, "zh")
    assert run == (Lens(1, "运行 doctor", RUN_DOCTOR, ("run.yaml",)),)
    for path in (Path("a.py"), Path("other.yaml"), Path(".env.example"), Path("d.jsonl")):
        assert lens("import os\n", path, NOTHING, "en") == ()


def test_what_it_said_the_last_time() -> None:
    errors = [finding("GATE402", Severity.ERROR)] * 2
    known = world(report(QWEN, 0), report(LLAMA, 3, *errors, finding("DSK600", Severity.WARNING)))
    text = f"model: {LLAMA}\ndata: x\n"
    assert lens(text, YAML, known, "en")[1] == Lens(
        1, "Last run 3 h ago: 2 errors, 1 warning", OPEN_REPORT, (LLAMA,)
    )
    assert lens(text, YAML, known, "zh")[1].title == "上次运行：3 小时前，2 个错误、1 个警告"
    assert lens("", ENV, known, "en")[1].title == "Last run just now: no findings"
    assert lens("DEFAULT_MODEL=o/n\n", ENV, known, "zh")[1].title == "上次运行：刚刚，没有问题"
