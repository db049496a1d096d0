"""What every format promises: one table, one signature, no secret, whole also where the examination failed."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.errors import ConfigError
from qtune.core.secret import Secret
from qtune.core.text import Text, plain
from qtune.doctor.facts import EnvFile, Known, known
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.outcome import Report
from qtune.doctor.report import github, gitlab, html, json, jsonl, junit, markdown, sarif
from qtune.doctor.report.formats import FORMATS, Renderer, renderer
from qtune.doctor.report.paths import checkout, relocated, uri
from qtune.doctor.report.words import fingerprints, told
from tests.doctor.build import ENV, healthy
from tests.doctor.report import hostile, worlds

# That each module is what the protocol says is proved by the type checker.
ALL: tuple[Renderer, ...] = (json, jsonl, sarif, junit, github, gitlab, markdown, html)


def test_the_table_names_every_format() -> None:
    assert [renderer(name) for name in FORMATS] == list(ALL)
    for module in ALL:
        assert inspect.signature(module.render) == inspect.signature(json.render)
        assert inspect.signature(module.failed) == inspect.signature(json.failed)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_no_secret_and_no_lone_surrogate_in_any(world: Callable[[], Report], name: str) -> None:
    for lang in ("en", "zh"):
        text = renderer(name).render(world(), 1, lang)
        for part in (hostile.CANARY, hostile.CANARY[4:20], hostile.SHAPED, hostile.SHAPED[8:20]):
            assert part not in text
        if name != "json":  # which tells facts as they are
            text.encode("utf-8")
            assert not {"\x00", "\x1b", "\x9b", "\r", "\u202e"} & set(text)
        assert text.endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_neither_is_there_one_where_the_examination_failed(name: str) -> None:
    Secret(hostile.CANARY)
    for text in hostile.TEXTS:
        for error in (ConfigError("ENV812", plain(text), plain(text)), ValueError(text)):
            document = renderer(name).failed(error, 2, "en")
            assert hostile.CANARY not in document
            assert hostile.SHAPED not in document
            if name != "json":
                document.encode("utf-8")


@pytest.mark.parametrize("name", ["sarif", "junit", "gitlab", "jsonl", "html"])
def test_what_programs_read_is_ascii_so_that_no_console_can_spoil_it(name: str) -> None:
    assert renderer(name).render(hostile.report(), 1, "zh").isascii()
    error = ConfigError("ENV812", Text("cannot read", "无法读取"))
    assert renderer(name).failed(error, 2, "zh").isascii()


@pytest.mark.parametrize("name", FORMATS)
def test_each_speaks_the_users_language(name: str) -> None:
    finding = Finding("ENV805", Severity.ERROR, Text("in English", "用中文"))
    chinese = renderer(name).render(worlds.report(healthy(), finding), 1, "zh")
    forms = ("用中文", "\\u7528\\u4e2d\\u6587", "&#29992;&#20013;&#25991;")
    assert any(form in chinese for form in forms)
    assert "in English" not in chinese
    assert "in English" in renderer(name).render(worlds.report(healthy(), finding), 1, "en")


# --- fingerprints ---------------------------------------------------------------------------------


def test_a_fingerprint_is_the_same_in_the_next_run_and_in_the_other_language() -> None:
    def finding(speed: str, line: int) -> tuple[Finding, Finding]:
        slow = Finding("HUB207", Severity.WARNING, plain(f"only {speed}"), source="huggingface")
        typo = Finding("ENV804", Severity.WARNING, Text(f"HF_TOKN (line {line})", f"第 {line} 行"),
                       span=Span(str(ENV), line))  # fmt: skip
        return slow, typo

    assert fingerprints(finding("840 kB/s", 3)) == fingerprints(finding("1.2 MB/s", 17))


def test_fingerprints_differ_within_a_report() -> None:
    for world in hostile.WORLDS:
        marks = fingerprints(world().findings)
        assert len(set(marks)) == len(marks)
    alike = Finding("ENV804", Severity.WARNING, plain("the same"))
    assert len(set(fingerprints([alike] * 5))) == 5


def test_a_fingerprint_tells_two_keys_and_two_hubs_apart() -> None:
    at = Span(str(ENV), 1)
    one = Finding("ENV804", Severity.WARNING, plain("HF_TOKN"), span=at)
    other = replace(one, message=plain("HF_HOM"))
    assert fingerprints([one]) != fingerprints([other])
    hub = replace(one, source="modelscope")
    assert fingerprints([one]) != fingerprints([hub])


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".env", ".env"),
        ("a b/50%#?.yaml", "a%20b/50%25%23%3F.yaml"),
        ("训练.yaml", "%E8%AE%AD%E7%BB%83.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("/home/x/.env", "file:///home/x/.env"),
        ("C:\\work dir\\.env", "file:///C:/work%20dir/.env"),
        ("bad\udcff", "bad%3F"),
    ],
)
def test_a_path_becomes_a_uri(path: str, expected: str) -> None:
    assert uri(path) == expected


def test_files_are_named_by_their_place_in_the_checkout() -> None:
    root, folder = Path("/src"), Path("/src/models")
    span = Span("/src/models/.env", 3)
    fix = Fix(plain("mend"), Applicability.SAFE, edits=(Edit(span, "x"),))
    findings = (
        Finding("ENV804", Severity.ERROR, plain("a"), span=span, fix=fix),
        Finding("CFG001", Severity.ERROR, plain("b"), span=Span("../sft.yaml", 1)),
        Finding("ENV805", Severity.ERROR, plain("c"), span=Span("/etc/qtune.env", 1)),
    )
    facts = healthy(envfile=Known(EnvFile("/src/models/.env", True, "utf-8", 0o600, "ignored")))
    there = relocated(worlds.report(facts, *findings), root, folder)
    paths = [f.span.path for f in there.findings if f.span is not None]
    assert paths == ["models/.env", "sft.yaml", "/etc/qtune.env"]
    moved = there.findings[0].fix
    assert moved is not None and moved.edits[0].span.path == "models/.env"
    envfile = known(there.facts.envfile)
    assert envfile is not None and envfile.path == "models/.env"


def test_the_checkout_is_what_the_ci_service_says_where_that_can_be() -> None:
    folder = Path(os.path.abspath("/src/models"))  # noqa: PTH100
    src = str(folder.parent)
    assert checkout({"GITHUB_WORKSPACE": src}, folder) == folder.parent
    assert checkout({"CI_PROJECT_DIR": src}, folder) == folder.parent
    assert checkout({"GITHUB_WORKSPACE": "/elsewhere"}, folder) == folder
    assert checkout({"GITHUB_WORKSPACE": "."}, folder) == folder
    assert checkout({}, folder) == folder


def test_a_checkout_behind_a_link_is_still_one(tmp_path: Path) -> None:
    (tmp_path / "real/models").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    named = {"GITHUB_WORKSPACE": str(tmp_path / "link")}
    assert checkout(named, tmp_path / "real/models") == tmp_path / "real"


def test_told_keeps_ordinary_words() -> None:
    words = "令牌 hf_…wxyz — naïve 🙂 (50 %)\nnext"
    assert told(words) == words
