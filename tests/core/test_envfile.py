"""`.env` is read as python-dotenv reads it, with every difference on purpose, and every place exact."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import dotenv
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qtune.core.envfile import EXPANDABLE, EnvDocument, parse, read

KEYS = ("A", "B", "HF_TOKEN", "USE_MODELSCOPE", "a.b", "x-1", "_Z9")
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])
SPACES = st.text(" \t", max_size=2)
PLAIN = st.text(
    st.sampled_from("abcXYZ019 _-./:@%+,=~#\\'\"$\u4e2d\u6587\U0001f600\xa0"), max_size=12
)
COMMENTS = st.one_of(st.just(""), st.text("ab #'\"=", max_size=6).map(lambda text: " #" + text))


def double(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def single(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@st.composite
def assignments(draw: st.DrawFn) -> str:
    """A line, or several, in the dialect that both readers share."""
    key = draw(st.sampled_from(KEYS))
    written = draw(
        st.sampled_from([key, f"export {key}", f"'{key}'", f"  {key}", f"export\t{key}"])
    )
    equals = draw(st.sampled_from(["=", " =", "= ", "\t=\t"]))
    kind = draw(st.sampled_from(["bare", "double", "single", "raw double", "many lines"]))
    value = draw(PLAIN)
    if kind == "bare":
        assume(not value.lstrip().startswith(("'", '"')))
        assume("${" not in value)
    elif kind == "double":
        value = double(value)
    elif kind == "single":
        value = single(value)
    elif kind == "raw double":
        value = (
            '"'
            + "".join(draw(st.lists(st.sampled_from(["\\n", "\\t", "\\'", "\\q", "x", " ", "#"]))))
            + '"'
        )
    else:
        value = draw(st.sampled_from([double, single]))(
            "\n".join(draw(st.lists(PLAIN, max_size=3)))
        )
    return written + equals + value + draw(COMMENTS)


LINES = st.lists(st.one_of(assignments(), st.just(""), COMMENTS.map(str.strip)), max_size=6)


def as_dotenv(text: str) -> dict[str, str | None]:
    return dict(dotenv.dotenv_values(stream=io.StringIO(text)))


def as_we(text: str) -> dict[str, str | None]:
    return {entry.key: entry.value for entry in parse(text).entries}


@given(lines=LINES, newline=NEWLINES)
@settings(max_examples=300, deadline=None)
def test_the_shared_dialect_is_read_as_python_dotenv_reads_it(
    lines: list[str], newline: str
) -> None:
    text = newline.join(lines)
    document = parse(text)
    assert not document.unparsed
    assert as_we(text) == as_dotenv(text)


@given(text=st.text(st.sampled_from("AB= \t'\"#\\\n\r${}:-\xa0\0\ufeffexport"), max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_without_loss_and_every_column_is_exact(text: str) -> None:
    document = parse(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert document.text == text
    for entry in document.entries:
        assert 1 <= entry.line <= entry.end_line <= len(lines)
        assert lines[entry.line - 1][entry.column - 1 :].lstrip("'").startswith(entry.key)
        covered = lines[entry.line - 1 : entry.end_line]
        covered[-1] = covered[-1][: entry.end_column - 1]
        covered[0] = covered[0][entry.value_column - 1 :]
        assert "\n".join(covered) == entry.raw.replace("\r\n", "\n").replace("\r", "\n")
    for line in document.unparsed:
        assert lines[line.line - 1] == line.text
    spoken_of = {number for e in document.entries for number in range(e.line, e.end_line + 1)}
    spoken_of |= {line.line for line in document.unparsed}
    for number, written in enumerate(lines, 1):
        silent = written.strip().lstrip("\ufeff").lstrip()
        assert number in spoken_of or not silent or silent.startswith("#")


@pytest.mark.parametrize(
    ("text", "value", "columns"),
    [
        ("A=x", "x", (1, 3, 4)),
        ("  export A = x y  # why", "x y", (10, 14, 17)),
        ("A=", "", (1, 3, 3)),
        ("A=   # later", "", (1, 3, 3)),
        ("A=   ", "", (1, 3, 3)),
        ("A='中文 😀' # why", "中文 😀", (1, 3, 9)),
        ("'A'=x", "x", (2, 5, 6)),
        ('A="b"', "b", (1, 3, 6)),
        ("A=x\t#c", "x", (1, 3, 4)),
        ("\xa0A=\xa0x\xa0", "x", (2, 5, 6)),
    ],
)
def test_columns_bound_the_value_with_its_quotes(
    text: str, value: str, columns: tuple[int, int, int]
) -> None:
    (entry,) = parse(text).entries
    assert (entry.value, entry.line, entry.end_line) == (value, 1, 1)
    assert (entry.column, entry.value_column, entry.end_column) == columns
    assert text[entry.value_column - 1 : entry.end_column - 1] == entry.raw
    assert as_dotenv(text)["A"] == value


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_value_over_several_lines_ends_where_its_quote_does(newline: str) -> None:
    document = parse(newline.join(["X=1", 'A="one', "two", '3" # end', "B=2"]))
    entry = document.last("A")
    assert entry is not None
    assert entry.value == newline.join(["one", "two", "3"])
    assert (entry.line, entry.value_column, entry.end_line, entry.end_column) == (2, 3, 4, 3)
    after = document.last("B")
    assert after is not None and after.line == 5


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=x#c", "x#c"),
        ("A=x #c", "x"),
        ("A=#fff", "#fff"),
        ("A= #fff", ""),
        ("A=abc==#d", "abc==#d"),  # the end of a base64 text
        ("A=https://h/?q=#top", "https://h/?q=#top"),
        ("A='x' #c", "x"),
        ('A="x"#c', "x"),
        ("A='a # b'", "a # b"),
    ],
)
def test_a_comment_begins_only_behind_a_space(line: str, value: str) -> None:
    assert as_we(line) == as_dotenv(line) == {"A": value}


def test_the_last_of_two_equal_keys_counts() -> None:
    document = parse("A=1\nA=2\n")
    assert as_we("A=1\nA=2\n") == as_dotenv("A=1\nA=2\n") == {"A": "2"}
    assert [entry.line for entry in document.entries] == [1, 2]


def test_references_are_filled_from_the_lines_above() -> None:
    text = 'A=1\nB=${A}2\nC="${B}3"\nD=${NOPE:-x}\nE=$A\nF=${A:-y}'
    assert as_we(text) == as_dotenv(text)
    assert as_we(text)["C"] == "123"


# --- the differences, each on purpose -----------------------------------------------------------


def test_an_open_quote_spoils_its_own_line_only() -> None:
    text = 'A="never closed\nB=2\n'
    document = parse(text)
    assert as_we(text) == {"B": "2"}
    assert [(line.line, line.reason) for line in document.unparsed] == [(1, "open_quote")]
    swallowed = 'A="b\nB=\'2\' x\nC="3"\nD=4\n'
    assert "B" not in as_dotenv(swallowed)
    assert [(line.line, line.reason) for line in parse(swallowed).unparsed] == [
        (1, "after_quote"),
        (2, "after_quote"),
    ]
    assert as_we(swallowed) == {"C": "3", "D": "4"}


def test_text_behind_a_quote_is_no_value() -> None:
    text = "A='x' y\nB=1\n"
    assert [(line.line, line.reason) for line in parse(text).unparsed] == [(1, "after_quote")]
    assert as_we(text) == as_dotenv(text) == {"B": "1"}


def test_single_quotes_keep_references_as_they_are() -> None:
    assert as_we("A=1\nB='${A}'") == {"A": "1", "B": "${A}"}
    assert as_dotenv("A=1\nB='${A}'")["B"] == "1"


def test_what_cannot_be_filled_stays_and_is_told() -> None:
    (entry,) = parse("A=x${QTUNE_TEST_NOWHERE}").entries
    assert entry.value == "x${QTUNE_TEST_NOWHERE}"
    assert entry.unexpanded == ("QTUNE_TEST_NOWHERE",)
    assert as_dotenv("A=x${QTUNE_TEST_NOWHERE}") == {"A": "x"}


def test_references_never_reach_the_environment_beyond_the_harmless_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary = "hf_" + "C" * 34
    monkeypatch.setenv("HF_TOKEN", canary)
    path = tmp_path / ".env"
    path.write_text("HF_ENDPOINT=https://elsewhere.example/${HF_TOKEN}\nB=${HOME}/x\n")
    environ = {"HF_TOKEN": canary, "HOME": "/home/me", "AWS_SECRET_ACCESS_KEY": canary}
    document = read(path, environ)
    assert canary not in repr(document)
    assert [entry.value for entry in document.entries] == [
        "https://elsewhere.example/${HF_TOKEN}",
        "/home/me/x",
    ]
    assert document.entries[0].unexpanded == ("HF_TOKEN",)
    assert not any("TOKEN" in name or "SECRET" in name or "PROXY" in name for name in EXPANDABLE)


def test_a_line_without_equals_is_no_entry() -> None:
    text = "USE_MODELSCOPE: True\nJUST_A_KEY\n"
    document = parse(text)
    assert not document.entries
    assert [line.reason for line in document.unparsed] == ["no_equals", "no_equals"]
    assert document.unparsed[0].mapping == ("USE_MODELSCOPE", 15, 17)
    assert as_dotenv(text) == {"JUST_A_KEY": None}


@pytest.mark.parametrize("line", ["1A=x", "A B=x", "'A B'=x", '"A"=x', "'A=x", "A$=x", "中=x"])
def test_a_key_that_no_shell_could_hold_is_no_entry(line: str) -> None:
    document = parse(line + "\nB=1")
    assert [entry.key for entry in document.entries] == ["B"]
    assert [unparsed.line for unparsed in document.unparsed] == [1]


def test_a_nul_spoils_its_own_line_only() -> None:
    document = parse("A=x\0y\nB=1")
    assert [(line.line, line.reason) for line in document.unparsed] == [(1, "nul")]
    assert as_we("A=x\0y\nB=1") == {"B": "1"}


def test_lines_that_fill_one_another_do_not_grow_without_bound() -> None:
    text = (
        "A0="
        + "x" * 100
        + "\n"
        + "".join(f"A{n}=${{A{n - 1}}}${{A{n - 1}}}\n" for n in range(1, 18))
    )
    document = parse(text)
    assert len(document.entries) == 18
    assert max(len(entry.value) for entry in document.entries) < 200_000
    assert document.entries[-1].unexpanded


# --- files ----------------------------------------------------------------------------------------


def write(tmp_path: Path, data: bytes) -> EnvDocument:
    path = tmp_path / ".env"
    path.write_bytes(data)
    return read(path)


@pytest.mark.parametrize(
    ("encoding", "bom", "named"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
    ],
)
def test_every_encoding_an_editor_writes_is_read(
    tmp_path: Path, encoding: str, bom: bytes, named: str
) -> None:
    document = write(tmp_path, bom + "A=中文😀\r\nB=2\r\n".encode(encoding))
    assert document.encoding == named
    assert {entry.key: entry.value for entry in document.entries} == {"A": "中文😀", "B": "2"}
    assert document.entries[0].column == 1
    assert (document.newline, document.unreadable) == ("\r\n", False)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("A=1\nB=中\n".encode("gbk"), 2),
        (b"A=1\r\nB=2\rC=\xff\xfe", 3),
        (b"\xff\xfeA\x00=\x00\n\x00B\x00=\x00\x00\xdc", 2),
        (b"\xff\xfeA", 1),
    ],
)
def test_bytes_that_are_no_text_are_told_with_their_line(
    tmp_path: Path, data: bytes, line: int
) -> None:
    document = write(tmp_path, data)
    assert [(item.line, item.reason) for item in document.unparsed] == [(line, "undecodable")]
    assert document.exists and document.unreadable and not document.entries


def test_a_file_beyond_a_mebibyte_is_not_read(tmp_path: Path) -> None:
    assert not write(tmp_path, b"A=" + b"x" * ((1 << 20) - 2)).unparsed
    document = write(tmp_path, b"A=" + b"x" * (1 << 20))
    assert [item.reason for item in document.unparsed] == ["too_large"]
    assert document.unreadable


def test_a_missing_file_is_an_empty_document(tmp_path: Path) -> None:
    document = read(tmp_path / ".env")
    assert (document.exists, document.text, document.entries) == (False, "", ())
    with pytest.raises(OSError):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read_and_one_that_nobody_fills_is_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    code = (
        "import sys; from pathlib import Path; from qtune.core.envfile import read; "
        "print([e.key for path in sys.argv[1:] for e in read(Path(path)).entries])"
    )
    script = '"$1" -c "$2" .env <(printf \'USE_MODELSCOPE=False\n\')'
    done = subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == "['USE_MODELSCOPE']\n", done.stderr


def test_a_mebibyte_of_hostile_lines_is_read_in_one_pass() -> None:
    for unit in (
        'A="\n',
        "A='\\'\n",
        "A=${A}${A}\n",
        "'" * 20 + "\n",
        "export " * 5 + "\n",
        'A="\\',
    ):
        text = unit * (200_000 // len(unit))
        document = parse(text)
        assert document.text == text


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("HF_TOKEN", True),
        ("HUGGING_FACE_HUB_TOKEN", True),
        ("HUGGINGFACE_TOKEN", True),
        ("MODELSCOPE_API_TOKEN", True),
        ("OPENAI_API_KEY", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("DB_PASSWORD", True),
        ("MY_TOKEN_2", True),
        ("DJANGO_SECRET_KEY", True),
        ("HF_TOKEN_PATH", False),  # a path, and shown
        ("HF_HUB_DISABLE_IMPLICIT_TOKEN", False),  # a switch
        ("TOKENIZERS_PARALLELISM", False),
        ("MAX_TOKENS", False),
        ("MODELSCOPE_CREDENTIALS_PATH", False),
        ("DEFAULT_MODEL", False),
    ],
)
def test_keys_that_hold_secrets_are_told_by_their_names(key: str, secret: bool) -> None:
    (entry,) = parse(f"{key}=some-value").entries
    assert entry.looks_secret is secret
