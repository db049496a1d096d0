"""What can be wrong with a run config, each cause under its own code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qtune.core.errors import ConfigError
from qtune.core.text import Text, plain

if TYPE_CHECKING:  # `qtune explain` reads CAUSES and needs no YAML
    from qtune.core.runedits import Replacement
    from qtune.core.yamltree import Mark


@dataclass(frozen=True)
class Cause:
    name: str
    text: Text


# The catalogue of CFG codes. Never reuse a number.
CAUSES = {
    "CFG001": Cause(
        "config-unreadable",
        Text(
            "The run config cannot be opened: it is missing, a folder, too large, or not yours to read.",
            "打不开训练配置：文件不存在、是个文件夹、太大，或没有读取权限。",
        ),
    ),
    "CFG002": Cause(
        "config-encoding",
        Text(
            "The run config is not UTF-8 text. Save it as UTF-8.",
            "训练配置不是 UTF-8 文本，请另存为 UTF-8。",
        ),
    ),
    "CFG003": Cause(
        "config-syntax",
        Text(
            "The run config is not valid YAML: indentation, a tab, a quote or a bracket.",
            "训练配置不是合法的 YAML：请检查缩进、制表符、引号和括号。",
        ),
    ),
    "CFG004": Cause(
        "duplicate-key",
        Text(
            "The same key is given twice; YAML would silently keep the last one.",
            "同一个键写了两次；YAML 会悄悄只保留最后一个。",
        ),
    ),
    "CFG005": Cause(
        "unknown-key",
        Text(
            "No such key. Usually a typing error, or a field that the library has renamed.",
            "没有这个键。多半是拼写错误，或者库已经把它改名了。",
        ),
    ),
    "CFG006": Cause(
        "wrong-type",
        Text(
            "The value is of another kind than the field takes, for example a word for a number.",
            "值的类型不对，例如该写数字的地方写了文字。",
        ),
    ),
    "CFG007": Cause(
        "bad-value",
        Text(
            "The value is of the right kind but not one that makes sense: out of range, or not a "
            "choice of the field.",
            "值的类型对，但没有意义：超出范围，或不在可选项里。",
        ),
    ),
    "CFG008": Cause(
        "owned-field",
        Text(
            "qtune sets this field itself, because it belongs to a setting, to the run directory, "
            "or would run code or send data.",
            "这个字段由 qtune 自己设置：它属于某个设置项、属于训练目录，或会执行代码、外发数据。",
        ),
    ),
    "CFG009": Cause(
        "data-missing",
        Text("A data file of the run does not exist.", "训练要用的数据文件不存在。"),
    ),
    "CFG010": Cause(
        "contradiction",
        Text(
            "Two values of the run config exclude each other.",
            "训练配置里有两个值互相矛盾。",
        ),
    ),
    "CFG011": Cause(
        "bad-override",
        Text(
            "A key=value on the command line cannot be applied.",
            "命令行上的 key=value 无法应用。",
        ),
    ),
    "CFG012": Cause(
        "not-in-this-version",
        Text(
            "The value is known, but qtune cannot do it; the message says why.",
            "qtune 认得这个值，但不支持；提示中会说明原因。",
        ),
    ),
    "CFG013": Cause(
        "missing-key",
        Text("A key that every run needs is not given.", "缺少每次训练都必须有的键。"),
    ),
    "CFG014": Cause(
        "unverified-field",
        Text(
            "The field is not in qtune's list, which was made for another version of the library "
            "than the installed one. It is passed on as it is.",
            "qtune 的字段表里没有它，而该表对应的库版本与已安装的不同；这里会原样传给库。",
        ),
    ),
    "CFG015": Cause(
        "model-missing",
        Text(
            "The model looks like a local folder, but there is none, or it holds no model.",
            "模型写的像是本地文件夹，但文件夹不存在，或里面没有模型。",
        ),
    ),
}


@dataclass(frozen=True)
class ConfigProblem:
    """`mark` is the place in the file, or the command line. `edit` is `fix` done, where one text is certain."""

    code: str
    message: Text
    mark: Mark
    fix: Text | None = None
    severity: Literal["error", "warning"] = "error"
    edit: Replacement | None = None

    @property
    def path(self) -> str:
        return str(self.mark.path) if self.mark.path is not None else "command line"

    @property
    def line(self) -> int:
        return self.mark.line

    @property
    def column(self) -> int:
        return self.mark.column


class RunConfigError(ConfigError):
    """A run config that cannot be used; `problems` are all its errors, in the order of the file."""

    def __init__(self, problems: tuple[ConfigProblem, ...]) -> None:
        super().__init__(problems[0].code, _listed(problems), _fixes(problems))
        self.problems = problems


def _listed(problems: tuple[ConfigProblem, ...]) -> Text:
    """One problem's code is the error's own; several are told apart by theirs."""
    if len(problems) == 1:
        only = problems[0]
        return Text(f"{only.mark}: {only.message.en}", f"{_zh(only.mark)}: {only.message.zh}")
    return Text(
        "\n".join(f"{p.mark}: {p.code} {p.message.en}" for p in problems),
        "\n".join(f"{_zh(p.mark)}: {p.code} {p.message.zh}" for p in problems),
    )


def _fixes(problems: tuple[ConfigProblem, ...]) -> Text | None:
    """One fix is said as it is; several would lose their place, so they are numbered by line."""
    fixed = [p for p in problems if p.fix is not None]
    if len(problems) == 1:
        return problems[0].fix
    if not fixed:
        return None
    pairs = [(p.mark, p.fix or plain("")) for p in fixed]
    return Text(
        "\n".join(f"{mark}: {fix.en}" for mark, fix in pairs),
        "\n".join(f"{_zh(mark)}: {fix.zh}" for mark, fix in pairs),
    )


def _zh(mark: Mark) -> str:
    return "命令行" if mark.path is None else str(mark)
