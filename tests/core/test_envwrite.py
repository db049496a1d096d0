"""A patch changes its own lines and nothing else, and the file is the old one or the new one, never half."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dotenv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtune.core.envfile import parse, read
from qtune.core.envpatch import EnvPatch
from qtune.core.envwrite import apply, quoted, write
from qtune.core.errors import ConfigError

CHARACTERS = "ab1 '\"\\#$={}:/\t中😀"
VALUES = st.one_of(
    st.text(st.sampled_from(CHARACTERS + "\n\r"), max_size=10),
    st.sampled_from(
        ["${A}", "x${A}'y", "a # b", " padded ", "\\", "'", '"', "C:\\\\x\\", "a\r\nb"]
    ),
    st.text(max_size=8).filter(lambda text: "\0" not in text),
)
LINES = st.one_of(
    st.sampled_from(
        [
            "",
            "# a comment, with a 'quote\"",
            "  # another",
            "K=old",
            "K=",
            "K= # to be filled",
            'K="old" # said so',
            "K='old'",
            "export K = old",
            'K="old',  # never closed
            "K='a\nb\nc' # over lines",
            "A=1",
            "B='x y' # why",
            'C="1\n2"',
            "not a line",
            "Y: ml",
        ]
    )
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = draw(st.lists(LINES, max_size=6))
    end = draw(st.sampled_from(["", newline]))
    return newline.join(lines).replace("\n", newline).replace("\r\r", "\r") + end


def others(text: str) -> list[str]:
    """Every line that no entry of K covers."""
    document = parse(text)
    covered = {
        number
        for entry in document.entries
        if entry.key == "K"
        for number in range(entry.line, entry.end_line + 1)
    }
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line for number, line in enumerate(lines, 1) if number not in covered]


@given(text=texts(), value=VALUES)
@settings(max_examples=300, deadline=None)
def test_setting_a_key_changes_no_other_line_and_reads_back_exactly(text: str, value: str) -> None:
    document, patch = parse(text), EnvPatch({"K": value})
    try:
        result = apply(document, patch)
    except ConfigError as error:
        assert error.code == "ENV812"
        assert any(line.reason.endswith("quote") for line in document.unparsed)
        return
    after = parse(result)
    entry = after.last("K")
    assert entry is not None and entry.value == value
    assert len([e for e in after.entries if e.key == "K"]) == 1
    assert others(result) == others(text)
    assert apply(after, patch) == result, "the same patch twice changes nothing more"


@given(text=texts())
@settings(max_examples=150, deadline=None)
def test_removing_a_key_changes_no_other_line(text: str) -> None:
    document, patch = parse(text), EnvPatch({}, frozenset({"K"}))
    try:
        result = apply(document, patch)
    except ConfigError as error:
        assert error.code == "ENV812"
        return
    assert parse(result).last("K") is None
    assert others(result) == others(text)
    if document.last("K") is None:
        assert result == text


@given(value=VALUES)
@settings(max_examples=200, deadline=None)
def test_python_dotenv_reads_what_we_write(value: str) -> None:
    text = f"K={quoted(value)}\nNEXT=1\n"
    found = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)
    assert dict(found) == {"K": value, "NEXT": "1"}


def test_a_reference_in_a_written_value_is_not_filled_when_it_is_read_again() -> None:
    for value in ("${HOME}", "it's ${HOME}", "a\\${HOME}", "1\n'${HOME}"):
        text = apply(parse("HOME=/somewhere\n"), EnvPatch({"K": value}))
        entry = parse(text, environ={"HOME": "/me"}).last("K")
        assert entry is not None and entry.value == value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("K=old # why\n", "K=new # why\n"),
        ("K= # later\n", "K=new # later\n"),
        ("K=\n", "K=new\n"),
        ("  export K = old\t# why\n", "  export K = new\t# why\n"),
        ("K='old'\n", "K='new'\n"),
        ('K="old" # x', 'K="new" # x'),
        ("K=old", "K=new"),
        ("A=1", "A=1\nK=new\n"),
        ("A=1\r\n", "A=1\r\nK=new\r\n"),
        ("", "K=new\n"),
        ("K=1\n# between\nK=2\n", "# between\nK=new\n"),
        ("K='a\nb' # why\nB=1\n", "K='new' # why\nB=1\n"),
        ("K=new # already\n", "K=new # already\n"),
        ("K=x\nK=new\n", "K=new\n"),
    ],
)
def test_place_quotes_and_comments_stay(before: str, after: str) -> None:
    assert apply(parse(before), EnvPatch({"K": "new"})) == after


def test_a_value_in_single_quotes_is_not_taken_for_an_escape() -> None:
    for value in ("C:\\\\x", "ends with \\", "it's"):
        text = apply(parse("K='old'\nB=1\n"), EnvPatch({"K": value}))
        assert {entry.key: entry.value for entry in parse(text).entries} == {"K": value, "B": "1"}


def test_no_key_is_lost_behind_a_quote_that_is_never_closed() -> None:
    document = parse('A="never closed\nB=1\n')
    with pytest.raises(ConfigError) as raised:
        apply(document, EnvPatch({"K": " #'"}))  # its quotes would close the first line's
    assert raised.value.code == "ENV812"
    assert raised.value.fix is not None and "line 1" in raised.value.fix.en
    assert parse(apply(document, EnvPatch({"K": "plain"}))).last("K") is not None


@pytest.mark.parametrize("patch", [{"K": "a\0b"}, {"not a key": "1"}, {"K=": "1"}])
def test_what_no_env_file_can_hold_is_refused(patch: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        apply(parse("A=1\n"), EnvPatch(patch))


# --- files ------------------------------------------------------------------------------------


def change(path: Path, **values: str) -> bytes:
    document = read(path)
    text = apply(document, EnvPatch(values))
    returned = write(document, text)
    again = read(path)
    assert (returned.text, returned.encoding) == (again.text, again.encoding)
    return path.read_bytes()


def test_a_new_file_is_the_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        assert change(tmp_path / ".env", HF_TOKEN="x") == b"HF_TOKEN=x\n"
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_an_old_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\n")
    path.chmod(mode)
    change(path, A="2")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xef\xbb\xbfA=1\r\n", b"\xef\xbb\xbfA=1\r\nK=x\r\n"),
        (b"\xff\xfe" + "A=中\r\n".encode("utf-16-le"), "A=中\r\nK=x\r\n".encode()),
        (b"\xfe\xff" + "A=中\n".encode("utf-16-be"), "A=中\nK=x\n".encode()),
        ("A=中\xa0\n\x0c# x".encode(), "A=中\xa0\n\x0c# x\nK=x\n".encode()),
    ],
)
def test_the_byte_order_mark_stays_and_utf_16_becomes_utf_8(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    path = tmp_path / ".env"
    path.write_bytes(before)
    assert change(path, K="x") == after
    assert change(path, K="x") == after


@pytest.mark.spares("ENV812")
def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/settings").write_text("A=1\n")
    (tmp_path / "project").mkdir()
    link = tmp_path / "project/.env"
    link.symlink_to("../real/settings")
    change(link, A="2")
    assert link.is_symlink() and link.readlink() == Path("../real/settings")
    assert (tmp_path / "real/settings").read_text() == "A=2\n"
    assert [path.name for path in (tmp_path / "project").iterdir()] == [".env"]


def test_a_link_to_nothing_makes_the_file_it_names(tmp_path: Path) -> None:
    link = tmp_path / ".env"
    link.symlink_to("later")
    change(link, A="1")
    assert link.is_symlink()
    assert (tmp_path / "later").read_text() == "A=1\n"
    assert stat.S_IMODE((tmp_path / "later").stat().st_mode) == 0o600


@pytest.mark.triggers("ENV812")
def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to("other")
    (tmp_path / "other").symlink_to(".env")
    with pytest.raises(OSError):
        read(tmp_path / ".env")
    with pytest.raises(ConfigError) as raised:
        write(parse("", tmp_path / ".env"), "A=1\n")
    assert raised.value.code == "ENV812"
    assert (tmp_path / ".env").is_symlink() and (tmp_path / "other").is_symlink()


@pytest.mark.parametrize("data", [b"A=1\nB=\xff\n", b"A=1\n" + b"#" * (1 << 20)])
def test_a_file_that_could_not_be_read_is_never_written(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / ".env"
    path.write_bytes(data)
    document = read(path)
    for attempt in (
        lambda: apply(document, EnvPatch({"K": "x"})),
        lambda: write(document, "K=x\n"),
    ):
        with pytest.raises(ConfigError) as raised:
            attempt()
        assert raised.value.code == "ENV812"
    with pytest.raises(ConfigError):
        write(parse("", path), "K=x\n")  # it was not there, or empty, when it was looked at
    assert path.read_bytes() == data


def test_a_pipe_in_the_place_of_the_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    with pytest.raises(ConfigError):
        write(parse("", tmp_path / ".env"), "A=1\n")
    assert stat.S_ISFIFO((tmp_path / ".env").stat().st_mode)


def test_a_change_by_another_program_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    document = read(path)
    path.write_text("A=1\nTHEIRS=1\n")
    with pytest.raises(ConfigError, match="changed by another program"):
        write(document, apply(document, EnvPatch({"A": "2"})))
    assert path.read_text() == "A=1\nTHEIRS=1\n"
    appeared = tmp_path / "new/.env"
    missing = read(appeared)
    appeared.parent.mkdir()
    appeared.write_text("THEIRS=1\n")
    with pytest.raises(ConfigError, match="changed by another program"):
        write(missing, "A=2\n")


def test_half_a_character_is_an_error_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    with pytest.raises(ConfigError) as raised:
        write(read(path), "A=\udc80\n")
    assert raised.value.code == "ENV812"
    assert path.read_text() == "A=1\n"
    assert [found.name for found in tmp_path.iterdir()] == [".env"]


@pytest.mark.triggers("ENV812")
def test_a_missing_folder_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        write(read(tmp_path / "no/.env"), "A=1\n")
    assert raised.value.code == "ENV812"
    assert not list(tmp_path.iterdir())


READ_ONLY = """
import os, sys
from pathlib import Path
from qtune.core.envfile import read
from qtune.core.envwrite import write
from qtune.core.errors import ConfigError
if os.getuid() == 0:  # root may write anywhere
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
path = Path(sys.argv[1])
try:
    write(read(path), "A=2\\n")
except ConfigError as error:
    print(error.code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folder modes")
def test_a_read_only_folder_is_an_error_and_keeps_the_file() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".env").write_text("A=1\n")
        (folder / ".env").chmod(0o644)
        folder.chmod(0o555)
        run = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(folder / ".env")],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        folder.chmod(0o700)
        assert (run.stdout, run.returncode) == ("ENV812\n", 0), run.stderr
        assert (folder / ".env").read_text() == "A=1\n"
        assert [path.name for path in folder.iterdir()] == [".env"]


KILLED = """
import itertools, sys
from pathlib import Path
from qtune.core.envfile import read
from qtune.core.envpatch import EnvPatch
from qtune.core.envwrite import apply, write
path = Path(sys.argv[1])
for number in itertools.count():
    document = read(path)
    write(document, apply(document, EnvPatch({"K": "ab"[number % 2] * 300_000})))
    if number == 0:
        print("writing", flush=True)
"""


def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    versions = set()
    for round_ in range(6):
        path.write_text("# mine\nK=start\n")
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None and child.stdout.readline() == "writing\n"
            time.sleep(0.003 + round_ * 0.007)
            child.send_signal(signal.SIGKILL)
        text = path.read_text()
        assert text in {f"# mine\nK={letter * 300_000}\n" for letter in "ab"}
        versions.add(text[:9])
        for left in tmp_path.glob(".env.*"):
            assert stat.S_IMODE(left.stat().st_mode) == 0o600
            left.unlink()
        assert [found.name for found in tmp_path.iterdir()] == [".env"]
    assert versions
