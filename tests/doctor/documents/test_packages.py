"""Lists of packages: what pip could never install together, what is too old for the model, what does nothing."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from qtune.core.smaller import QWEN3
from qtune.doctor.documents.check import check
from qtune.doctor.documents.kinds import kind_of
from qtune.doctor.documents.packages import bounds
from qtune.doctor.documents.world import World
from qtune.doctor.facts import Goal, Known, Listing
from qtune.doctor.finding import Applicability, Finding, Span
from qtune.doctor.lastreports import LastReport
from qtune.doctor.rules.pkg.exclusions import NEEDS
from tests.doctor.build import healthy

REQUIREMENTS = Path("requirements.txt")
PYPROJECT = Path("pyproject.toml")


def found(
    text: str | bytes, path: Path = REQUIREMENTS, world: World | None = None
) -> list[Finding]:
    return list(check(text, path, world=world or World()).findings)


def codes(text: str | bytes, path: Path = REQUIREMENTS) -> list[str]:
    return [finding.code for finding in found(text, path)]


def under(text: str, span: Span | None) -> str:
    assert span is not None
    rows = text.splitlines(keepends=True)[span.line - 1 : span.end_line]
    if span.end_line > span.line:
        assert span.end_column == 1
        return (
            "".join(rows[:-1])[span.column - 1 :]
            if len(rows) > span.end_line - span.line
            else "".join(rows)
        )
    return rows[0][span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("requirements.txt", "requirements"),
        ("requirements-dev.txt", "requirements"),
        ("requirements_gpu.in", "requirements"),
        ("dev-requirements.txt", "requirements"),
        ("requirements/base.txt", "requirements"),
        ("constraints.txt", "requirements"),
        ("pyproject.toml", "pyproject"),
        ("notes.txt", None),
        ("my-requirementsx.txt", None),
        ("poetry.toml", None),
    ],
)
def test_known_by_name(name: str, kind: str | None) -> None:
    assert kind_of(Path(name), "") == kind


# --- versions that exclude each other -------------------------------------------------------------


@pytest.mark.triggers("PKG702")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("transformers==4.57.6\nhuggingface_hub>=1.0\n", "huggingface_hub>=1.0"),
        ("huggingface-hub<1\n# 中文 😀\n  transformers >= 5.0,<6  # new\n", "transformers >= 5.0,<6"),
        ("Transformers[torch]~=5.2 \\\n  --hash=sha256:aa\ntokenizers==0.21.4", "tokenizers==0.21.4"),
        ("torch==2.5.1\ntorchvision==0.21.0", "torchvision==0.21.0"),
        ("transformers>=5.20\ntokenizers<0.23", "tokenizers<0.23"),
        ("transformers>=4.40\ntransformers<5\nhuggingface_hub==2.4.0", "huggingface_hub==2.4.0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_pip_could_never_install(text: str, place: str, newline: str) -> None:
    text = text.replace("\n", newline)
    (finding,) = found(text)
    assert finding.code == "PKG702"
    assert under(text, finding.span) == place


@pytest.mark.spares("PKG702", "HUB211")
@pytest.mark.parametrize(
    "text",
    [
        "transformers\nhuggingface_hub\nhf_transfer\n",
        "transformers>=4.51\nhuggingface_hub>=0.34\nhf_transfer\n",
        "transformers>=4.51,<6\nhuggingface_hub>=1\n",
        "transformers==4.57.6\nhuggingface_hub>=0.34,<2\nhf_transfer\n",
        "transformers==4.57.6; python_version < '3.10'\nhuggingface_hub>=1\n",
        "transformers @ https://x.org/t.whl\nhuggingface_hub>=1\n",
        "-r base.txt\n-c constraints.txt\n-e .\n--extra-index-url https://x/simple\nhuggingface_hub>=1\n",
        "./transformers-4.57.6-py3-none-any.whl\nhuggingface_hub>=1\n",
        "git+https://github.com/huggingface/transformers@v4.57.6\nhuggingface_hub>=1\n",
        "transformers==${VERSION}\nhuggingface_hub>=1\n",
        "# transformers==4.57.6\nhuggingface_hub>=1\n",
        "transformers==4.57.6 \\\nhuggingface_hub>=1\n",
        "torch==2.6.0+cu124\ntorchvision==0.21.0+cu124\n",
        "torch==2.6.0\ntorchvision==0.21.0\ntorchaudio==2.6.0\n",
        "torch==2.6.*\ntorchvision==0.21.0\n",
        "transformers==9.*\nhuggingface_hub==7\n",  # nothing is known of them
        "transformers>5,<4\nhuggingface_hub>=1\n",
        "transformers=4.57.6\nhuggingface_hub>=1\n",
        "transformers===anything\nhuggingface_hub>=1\n",
        "huggingface_hub[hf_transfer]==0.36.0\n",
    ],
)
def test_what_may_still_fit(text: str) -> None:
    assert codes(text) == []


def test_every_row_of_the_table_can_be_read_and_none_contradicts_itself() -> None:
    for need in NEEDS:
        for text in (need.versions, need.needs):
            limits = bounds.of(text)
            assert limits is not None and not limits.empty


def test_what_is_installed_here_fits_the_table() -> None:
    from importlib.metadata import version

    for need in NEEDS:
        if need.package in ("torchvision", "torchaudio"):
            continue
        if Version(version(need.package)) in SpecifierSet(need.versions):
            assert Version(version(need.other)) in SpecifierSet(need.needs), need


SPECIFIERS = ["", ">=1", ">1", "<2", "<=2", "==1.5", "==1.*", "~=1.4", "~=1.4.2", ">=1,<2", ">1,<=1.5",
              "!=1.5", ">=2,<1", "==2.0", ">=1.5,!=1.6,<3", "==1.4.9+cpu"]  # fmt: skip
VERSIONS = [Version(f"{a}.{b}.{c}") for a, b, c in product(range(4), range(0, 10, 3), range(3))]
VERSIONS += [Version(v) for v in ("1.4.2", "1.4.9", "1.5", "2.0", "1.9999")]


@pytest.mark.parametrize(("one", "other"), [*product(SPECIFIERS, SPECIFIERS)])
def test_intervals_claim_only_what_holds_for_every_version(one: str, other: str) -> None:
    first, second = bounds.of(one), bounds.of(other)
    assert first is not None and second is not None
    in_first = {v for v in VERSIONS if v in SpecifierSet(one)}
    in_second = {v for v in VERSIONS if v in SpecifierSet(other)}
    if first.apart(second):
        assert not in_first & in_second
    if first.within(second) and "!=" not in other and "+" not in one + other:
        assert in_first <= in_second


def test_ranges_of_poetry() -> None:
    for written, meant in [
        ("^4.57", ">=4.57,<5"), ("^0.21.1", ">=0.21.1,<0.22"), ("~4.5", ">=4.5,<4.6"),
        ("~2", ">=2,<3"), ("4.57.6", "==4.57.6"), (">=1,<2", ">=1,<2"), ("*", ""), ("~=1.4", "~=1.4"),
    ]:  # fmt: skip
        assert bounds.of_poetry(written) == bounds.of(meant), written
    for written in ("^x", "1 || 2", "latest", "^"):
        assert bounds.of_poetry(written) is None


# --- too old for the model ------------------------------------------------------------------------


def project(tmp_path: Path, env: str = "", **files: str) -> Path:
    if env:
        (tmp_path / ".env").write_text(env)
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path / "requirements.txt"


@pytest.mark.triggers("PKG701")
@pytest.mark.spares("PKG701")
def test_transformers_too_old_for_the_model_of_env(tmp_path: Path) -> None:
    path = project(tmp_path, "DEFAULT_MODEL=Qwen/Qwen3-4B\n")
    text = "torch\ntransformers[torch]>=4.40,<4.51  # old\n"
    (finding,) = found(text, path)
    assert finding.code == "PKG701" and ".env" in finding.message.en
    assert under(text, finding.span) == "transformers[torch]>=4.40,<4.51"
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert finding.fix.edits[0].text == "transformers[torch]>=4.51.0"
    assert codes("transformers>=4.40\n", path) == []
    assert codes("transformers==4.51.0\n", path) == []
    assert codes(text, tmp_path / "other" / "requirements.txt") == []


def test_and_for_the_model_of_a_run_config(tmp_path: Path) -> None:
    path = project(
        tmp_path, sft="model: Qwen/Qwen3-0.6B\ndata: a.jsonl\n", ci="model: x\non: push\n"
    )
    (finding,) = found("transformers==4.50.3\n", path)
    assert finding.code == "PKG701" and "sft.yaml" in finding.message.en
    (tmp_path / "sft.yaml").write_text("model: my/own\ndata: a.jsonl\n")
    assert codes("transformers==4.50.3\n", path) == []


def test_the_type_of_another_model_is_known_from_the_last_report(tmp_path: Path) -> None:
    path = project(tmp_path, "DEFAULT_MODEL=my/next\n")
    listing = Listing("a" * 40, 1, 1, 0, "w", 1, "qwen3_next")
    facts = replace(
        healthy(), goal=Goal("train", "my/next"), listing={"modelscope": Known(listing)}
    )
    report = LastReport(facts, (), datetime.now(UTC))
    world = World({}, lambda model: report if model == "my/next" else None)
    assert [f.code for f in found("transformers<4.57\n", path, world)] == ["PKG701"]
    assert found("transformers<4.57\n", path) == []


def test_the_types_that_are_known_without_a_report() -> None:
    assert {of.model_type for of in QWEN3.values()} == {"qwen3"}


# --- for nothing ----------------------------------------------------------------------------------


@pytest.mark.triggers("HUB211")
def test_hf_transfer_beside_a_hub_that_does_without() -> None:
    text = "huggingface_hub>=1.2\nhf_transfer>=0.1  # fast\nnumpy\n"
    (finding,) = found(text)
    assert (finding.code, under(text, finding.span)) == ("HUB211", "hf_transfer>=0.1")
    assert finding.fix is not None
    (edit,) = finding.fix.edits
    assert under(text, edit.span) == "hf_transfer>=0.1  # fast\n" and edit.text == ""
    assert codes("transformers==5.1\nhf-transfer\n") == ["HUB211"]
    assert codes("huggingface_hub[hf_transfer]==1.2\n") == ["HUB211"]


# --- pyproject.toml -------------------------------------------------------------------------------

TOML = """\
[build-system]
requires = ["setuptools", "transformers==4.57.6"]

[project]
name = "x"
description = "huggingface_hub>=1 # no comment"
dependencies = [
    "transformers==4.57.6",   # 训练 😀 "numpy"
    'torch>=2',
]
[project.optional-dependencies]
new = ["huggingface_hub>=1.0"]
"with.dot" = ['numpy', "hf_transfer"]

[dependency-groups]
dev = [{include-group = "new"}, "tokenizers<0.22"]
"""


@pytest.mark.triggers("PKG702")
def test_lists_of_pyproject_with_their_places() -> None:
    told = [(f.code, under(TOML, f.span)) for f in found(TOML, PYPROJECT)]
    assert told == [("PKG702", "huggingface_hub>=1.0"), ("PKG702", "tokenizers<0.22")]


@pytest.mark.spares("PKG702")
@pytest.mark.parametrize(
    "text",
    [
        TOML.replace("4.57.6", "5.0").replace("<0.22", ">=0.22").replace("hf_transfer", "peft"),
        '[project]\ndependencies = ["transformers==4.57.6"]\n[project.optional-dependencies]\n'
        'a = ["huggingface_hub<1"]\n',
        # two extras that nobody installs together
        '[project.optional-dependencies]\na = ["transformers==4.57.6"]\nb = ["huggingface_hub>=1"]\n',
        '[project]\ndependencies = """transformers==4.57.6"""\n',
        '[tool.poetry.dependencies]\ntransformers = {version = "4.57.6", markers = "x"}\nhuggingface_hub = "^1.0"\n',
        '[project]\ndependencies = ["transformers==4.57.6", "huggingface_hub>=1"\n',
        "[project]\ndependencies = [1, 2]\n",
    ],
)
def test_a_pyproject_that_may_fit_or_cannot_be_read(text: str) -> None:
    assert codes(text, PYPROJECT) == []


def test_poetry_in_its_own_words() -> None:
    text = '[tool.poetry.dependencies]\npython = "^3.11"\ntransformers = "^4.57"\nhuggingface_hub = "^1.0"\n'
    (finding,) = found(text, PYPROJECT)
    assert (finding.code, under(text, finding.span)) == ("PKG702", "^1.0")


@pytest.mark.triggers("CFG095")
@pytest.mark.spares("CFG095")
def test_the_doctors_own_table_is_judged_as_the_doctor_does(tmp_path: Path) -> None:
    text = '[tool.qtune.doctor]\nignore = ["HUB207"]\nprofil = "ci"\nskip = ["nonsense", "speed"]\n'
    assert [(f.code, f.span and f.span.line) for f in found(text, PYPROJECT)] == [
        ("CFG095", 3),
        ("CFG095", 4),
    ]
    assert codes('[tool.qtune.doctor]\nskip = ["speed", "NET*"]\n', PYPROJECT) == []


def test_no_probe_is_imported_for_it() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from qtune.doctor.documents.check import check;"
        "check('[tool.qtune.doctor]\\nskip=[\"x\"]\\n[project]\\ndependencies=[\"torch\"]', Path('pyproject.toml'));"
        "print([m for m in ('httpx', 'rich', 'click', 'torch', 'qtune.doctor.checks') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- any text -------------------------------------------------------------------------------------

WHOLE = (
    "transformers==4.57.6 \\\n  --hash=sha256:ab\nhuggingface_hub>=1.0 # x\nhf_transfer\n-r a.txt\n"
)


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-be", "utf-8-sig", "utf-32", "gbk", "latin-1"]
)
def test_the_encodings_that_pip_reads(encoding: str) -> None:
    raw = WHOLE.encode(encoding)
    if encoding == "utf-16-be":
        raw = b"\xfe\xff" + raw
    assert codes(raw) == ["PKG702", "HUB211"]
    (first, *_) = found(raw)
    assert first.span is not None and (first.span.line, first.span.column) == (3, 1)


def test_a_mark_that_stands_in_the_text_still_counts_as_a_character() -> None:
    (finding, *_) = found("\ufeffhuggingface_hub>=1\ntransformers<5\ntransformers>4.30")
    assert finding.code == "PKG702"
    (finding,) = found("\ufeffhf_transfer\nhuggingface_hub>=1\n")
    assert finding.span is not None and (finding.span.column, finding.span.end_column) == (2, 13)


@pytest.mark.parametrize("path", [REQUIREMENTS, PYPROJECT])
@pytest.mark.parametrize("seed", range(5))
def test_random_edits_never_raise(path: Path, seed: int) -> None:
    chance, start = random.Random(seed), TOML if path is PYPROJECT else WHOLE
    pieces = ["'", '"', '"""', "\n", "\r", "[", "]", "{", "}", "=", ">=", "==", "\\", "#", ";", "@ ", "你😀",
              "\0", "\ud800", "\ufeff", ",", "9" * 50, "~=", "*", " --hash=x", "[[", ".", "'''"]  # fmt: skip
    text = start
    for _ in range(150):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(pieces) + text[at + chance.randrange(4) :]
        if chance.random() < 0.1:
            text = start
        for finding in found(text, path):
            assert finding.span is not None and finding.span.line >= 1


@pytest.mark.parametrize("path", [REQUIREMENTS, PYPROJECT])
@pytest.mark.parametrize(
    "text", ["[" * 50_000, "a" * 200_000, '"' * 100_000, "\\\n" * 50_000, "x==" + "1." * 20_000]
)
def test_hostile_texts_are_judged_in_time(path: Path, text: str) -> None:
    began = time.process_time()
    found(text, path)
    assert time.process_time() - began < 2


def test_two_thousand_lines_are_judged_between_two_keystrokes() -> None:
    text = "".join(f"package-{n}>=1.{n},<9\n" for n in range(2000)) + WHOLE
    best = 9.0
    for _ in range(4):
        began = time.process_time()
        assert codes(text) == ["PKG702", "HUB211"]
        best = min(best, time.process_time() - began)
    assert best < 0.2
