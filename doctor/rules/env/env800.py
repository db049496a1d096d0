"""ENV800: a line of `.env` that is no setting, and is therefore ignored."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.table import BY_NAME
from qtune.core.text import Text
from qtune.doctor.facts import EnvFile, Facts, UnparsedLine, known
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import DOTENV, LINE, ON_THIS_MACHINE, SHOW
from qtune.doctor.rules.places import called
from qtune.doctor.rules.words import joined, prose

_WHOLE_FILE = ("undecodable", "too_large")
_REASONS = {
    "no_equals": Text("has no = sign", "没有等号"),
    "bad_key": Text("has a name that no variable can have", "的名称不能作为变量名"),
    "open_quote": Text("opens a quote that is never closed", "的引号没有闭合"),
    "after_quote": Text("has something behind the closing quote", "在右引号之后还有内容"),
    "nul": Text("holds a NUL character", "含有 NUL 字符"),
    "undecodable": Text(
        "is not UTF-8 text, so the whole file is ignored", "不是 UTF-8 文本，因此整个文件都被忽略"
    ),
    "too_large": Text(
        "is larger than 1 MiB and therefore ignored: this is no file of settings",
        "超过 1 MiB，已忽略：这不像是设置文件",
    ),
}
_MENDS = {
    "no_equals": Text("Write NAME=value, or put # in front", "写成 名称=值，或在行首加 #"),
    "bad_key": Text(
        "Use letters, digits and _ for the name, or put # in front",
        "名称只用字母、数字和下划线，或在行首加 #",
    ),
    "open_quote": Text("Close the quote, or remove it", "补上右引号，或去掉引号"),
    "after_quote": Text(
        "Remove what stands behind the quote, or put # in front of it",
        "删掉引号后的内容，或在它前面加 #",
    ),
    "nul": Text("Delete the line and type it again", "删除该行后重新输入"),
    "undecodable": Text("Save the file as UTF-8", "将文件另存为 UTF-8"),
    "too_large": Text("Check which file this is", "检查这是什么文件"),
}


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    for line in envfile.unparsed if envfile is not None else ():
        assert envfile is not None
        reason = _REASONS.get(line.reason, Text("cannot be read", "无法解析"))
        whole = line.reason in _WHOLE_FILE
        yield Finding(
            "ENV800",
            Severity.ERROR if whole else Severity.WARNING,
            _message(called(envfile), line, reason, whole),
            span=Span(envfile.path, line.line, 1, line.line, 1),
            fix=_fix(envfile, line),
        )


def _message(name: str, line: UnparsedLine, reason: Text, whole: bool) -> Text:
    if line.reason == "too_large":
        return Text(f"{name} {reason.en}", f"{name} {reason.zh}")
    if whole:
        return Text(
            f"{name} {reason.en} (line {line.line})", f"{name} {reason.zh}（第 {line.line} 行）"
        )
    named = f" ({line.key})" if line.key in BY_NAME else ""
    if line.strays:
        reason = Text("holds characters that cannot be seen", "含有看不见的字符")
    return Text(
        f"{name} line {line.line}{named} {reason.en}, so it is ignored",
        f"{name} 第 {line.line} 行{named and f'（{line.key}）'}{reason.zh}，因此被忽略",
    )


def _fix(envfile: EnvFile, line: UnparsedLine) -> Fix:
    if line.strays:
        return Fix(
            Text(
                "Remove the characters that cannot be seen",
                "删除看不见的字符",
            ),
            Applicability.SAFE,
            edits=tuple(
                Edit(Span(envfile.path, line.line, begin, line.line, end), "")
                for begin, end in line.strays
            ),
        )
    if not line.key:
        return Fix(_MENDS.get(line.reason, _MENDS["no_equals"]), Applicability.MANUAL)
    colon = Span(envfile.path, line.line, line.column, line.line, line.value_column)
    ours = line.key in BY_NAME and envfile.last(line.key) is None
    return Fix(
        Text(
            f"Write it with an equals sign: {line.key}=…",
            f"改用等号：{line.key}=…",
        ),
        Applicability.SAFE if ours else Applicability.UNSAFE,
        edits=(Edit(colon, "="),),
    )


RULE = Rule(
    "ENV800",
    "unreadable-line",
    Severity.WARNING,
    Text("A line of .env is not a setting", ".env 中有无法解析的行"),
    Page(
        what=prose(
            """
            A line of `.env` is neither a setting nor a comment: it has no `=`, an impossible name, a quote
            that never closes, or something behind the closing quote. `KEY: value`, as in YAML, is such a line
            too.
            """,
            """
            `.env` 中有一行既不是设置也不是注释：没有 `=`、名称不合法、引号没有闭合，或右引号后面还有内容。像
            YAML 那样写的 `KEY: value` 也属于这种情况。
            """,
        ),
        why=prose(
            """
            Such a line is dropped without a word by every reader of `.env`, and the setting it was meant to
            be is not set. With python-dotenv an open quote even swallows the lines below it.
            """,
            """
            所有读取 `.env` 的程序都会不声不响地丢掉这样的行，你以为设置了的值其实没有生效。在 python-dotenv
            中，没有闭合的引号还会吞掉后面的行。
            """,
        ),
        detect=ON_THIS_MACHINE,
        mend=joined(
            LINE,
            prose(
                """
                `KEY: value` becomes `KEY=value` by `qtune doctor --fix`, where the key is one of qtune's
                settings.
                """,
                "如果是 qtune 的设置项，`qtune doctor --fix` 会把 `KEY: value` 改成 `KEY=value`。",
            ),
        ),
        verify=SHOW,
        sources=(DOTENV,),
    ),
    needs=("envfile",),
    judge=_judge,
)
