"""2,000 random `.env` files: read without loss, judged without a crash, and no secret in any output."""

from __future__ import annotations

import random
from pathlib import Path

import httpx
import pytest

from qtune.core import secret
from qtune.core.envfile import read
from qtune.core.envpatch import EnvPatch
from qtune.core.envwrite import apply
from qtune.core.errors import ConfigError
from qtune.core.settings import resolve
from qtune.core.sources import candidates
from qtune.core.table import TABLE
from qtune.doctor.codec import dump
from qtune.doctor.context import Context
from qtune.doctor.examine import Options, examine
from qtune.doctor.facts import Goal
from qtune.doctor.outcome import Report
from qtune.doctor.schedule import Limits
from tests.doctor.showing import shown
from tests.hub.worlds import QWEN

PARTS, FILES = 4, 500
SECRET_KEYS = (
    "HF_TOKEN",
    "MODELSCOPE_API_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "OPENAI_API_KEY",
    "DB_PASSWORD",
)
OTHERS = (
    "PATH2",
    "A",
    "FOO_BAR",
    "hf_home",
    "HF_TOKKEN",
    "USE_MODELSCOP",
    "1BAD",
    "A B",
    "",
    "export",
)
WORDS = ("True", "no", "8", "-1", "auto", "https://huggingface.co", "huggingface.co", "http://[::1", "modelscope,",
         "~/x", "C:\\x\\n", "0", "x" * 300, "模型", "\u200b", "${A}", "${HOME}", "$B", "${", "{}", "cuda", "é")  # fmt: skip
GLUE = ("=", " = ", "=\t", ":", ": ", "==", " ", "= ")
ENDS = ("\n", "\r\n", "\r", "\n\n", "\n \t\n", "\0\n")
ENCODINGS = ("utf-8",) * 8 + ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "latin-1")


def a_secret(dice: random.Random) -> str:
    """Of a shape that no test text has; never the same twice."""
    body = "".join(dice.choices("ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz23456789", k=30))
    return f"hf_Zq{body}" if dice.random() < 0.6 else f"Zq{body}"


def line(dice: random.Random, planted: list[str]) -> str:
    """A line as it may stand in `.env`, somewhat right or not at all; a secret only where one may stand."""
    kind = dice.random()
    if kind < 0.2:
        planted.append(a_secret(dice))
        key = dice.choice(SECRET_KEYS)
        value = dice.choice(
            ("{}", '"{}"', "'{}'", "{} # mine", '"{}', "Bearer {}", "“{}”", "{}\u200b", " {} ")
        )
        written = f"{key}{dice.choice(('=', ' = ', '='))}{value.format(planted[-1])}"
    elif kind < 0.25:
        planted.append(a_secret(dice))
        key = dice.choice(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"))
        written = f"{key}=http://me:{planted[-1]}@127.0.0.1:{dice.choice(('9', 'x', '99999', ''))}"
    elif kind < 0.3:
        planted.append("hf_Zq" + "".join(dice.choices("abcdefghkmnpqrstwxyz", k=32)))
        written = dice.choice(
            ("# HF_TOKEN={}", "{}", "export {}", "HF_TOKEN: {}", "'{}'=1")
        ).format(planted[-1])
    else:
        known = dice.choice(TABLE).key
        key = dice.choice(
            (known, known, known, dice.choice(OTHERS), known.lower(), f"export {known}")
        )
        quote = dice.choice(("", "", "", "'", '"', "`"))
        value = "".join(dice.choices(WORDS, k=dice.choice((0, 1, 1, 1, 3))))
        written = f"{key}{dice.choice(GLUE)}{quote}{value}{dice.choice((quote, quote, ''))}"
    return dice.choice(("", "", "", " ", "\t", "\ufeff")) + written


def content(dice: random.Random, planted: list[str]) -> bytes:
    text = "".join(
        line(dice, planted) + dice.choice(ENDS) for _ in range(dice.choice((0, 1, 2, 5, 9)))
    )
    text = text.removesuffix("\n") if dice.random() < 0.3 else text
    raw = text.encode(dice.choice(ENCODINGS), "replace")
    if dice.random() < 0.1 and raw:
        at = dice.randrange(len(raw))
        raw = raw[:at] + dice.randbytes(dice.choice((1, 3))) + raw[at + 1 :]
    return raw


def refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"a request while offline: {request.url}")


@pytest.mark.parametrize("part", range(PARTS))
def test_random_files(tmp_path: Path, part: int) -> None:
    dice = random.Random(f"env {part}")
    path = tmp_path / ".env"
    options = Options(only=("env", "tok"), limits=Limits(30, offline=True))
    client = httpx.Client(transport=httpx.MockTransport(refuse))  # offline nobody asks
    for number in range(FILES):
        secret._met.clear()  # each file is another process's
        planted: list[str] = []
        raw = content(dice, planted)
        path.write_bytes(raw)
        path.chmod(dice.choice((0o600, 0o644)))
        _read_without_loss(path, raw)
        report = _judged(tmp_path, options, client)
        assert not [c for c in report.checks if c.state == "crashed"], (part, number, raw)
        assert path.read_bytes() == raw
        formats = shown(report) if number % 25 == 0 else [("facts", dump(report.facts))]
        for name, text in formats:
            leaked = [value for value in planted if value[4:-4] in text]
            assert leaked == [], (part, number, name, raw)


def _judged(root: Path, options: Options, client: httpx.Client) -> Report:
    """As the command does it: what cannot be used costs the hubs, not the report."""
    environ = {"PATH": "", "HOME": str(root)}
    settings = resolve(environ=environ, project=read(root / ".env", environ))
    try:
        sources = candidates(settings)
    except ConfigError:
        sources = ()
    context = Context(settings, Goal("download", QWEN), sources, client, environ, root)
    return examine(context, options)


def _read_without_loss(path: Path, raw: bytes) -> None:
    """Nothing changes where nothing is set, and what is set changes no other line."""
    document = read(path)
    if document.unreadable:
        return
    assert apply(document, EnvPatch({})) == document.text
    text = raw.decode("utf-8" if document.encoding == "utf-8-sig" else document.encoding)
    assert document.text in (text, text.removeprefix("\ufeff"))
    try:
        patched = apply(document, EnvPatch({"QTUNE_FUZZ": "new value"}))
    except ConfigError as error:
        assert error.code == "ENV812"
        return
    assert patched.startswith(document.text)
