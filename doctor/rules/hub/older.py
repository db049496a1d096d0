"""The names whose time is over (HUB211): what they are called today, and where code sets them for itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qtune.core.text import Text
from qtune.doctor.facts import CodeVariable, SourceCode
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span

TRANSFER, CACHE = "HF_HUB_ENABLE_HF_TRANSFER", "TRANSFORMERS_CACHE"


@dataclass(frozen=True)
class Older:
    """A spelling that is still read. `hub`: whose business it is; "" where it is everybody's."""

    key: str
    hub: str
    applicability: Applicability


OLDER: Mapping[str, Older] = {
    "HUGGINGFACE_HUB_CACHE": Older("HF_HUB_CACHE", "", Applicability.SAFE),
    "HUGGING_FACE_HUB_TOKEN": Older("HF_TOKEN", "huggingface", Applicability.SAFE),
    # Clients before modelscope-hub read the older name only.
    "MODELSCOPE_DOMAIN": Older("MODELSCOPE_ENDPOINT", "modelscope", Applicability.UNSAFE),
}


_OFF = frozenset(("0", "false", "no", "off"))


def in_code(source: SourceCode) -> Iterable[Finding]:
    """What Python source sets for itself, once for each name."""
    first = {variable.key: variable for variable in reversed(source.variables)}
    for name, variable in sorted(first.items(), key=lambda item: item[1].spot.line):
        spot = variable.spot
        place = Span(source.path, spot.line, spot.column, spot.end_line, spot.end_column)
        if name == TRANSFER and variable.value.text.lower() not in _OFF:
            whole = variable.statement
            line = Span(source.path, whole.line, whole.column, whole.end_line, whole.end_column)
            yield Finding(
                "HUB211",
                Severity.INFO,
                Text(
                    f"{name} does nothing any more: huggingface_hub 1 and later download without hf_transfer",
                    f"{name} 已不起作用：huggingface_hub 1 及更高版本不再使用 hf_transfer",
                ),
                span=place,
                fix=Fix(
                    Text("Remove the line", "删除这一行"),
                    Applicability.SAFE if variable.movable else Applicability.MANUAL,
                    edits=(Edit(line, ""),) if variable.movable else (),
                ),
            )
        elif name == CACHE and not first.keys() & {"HF_HUB_CACHE", "HF_HOME"}:
            yield Finding(
                "HUB211",
                Severity.WARNING,
                Text(
                    f"{name} does not say where models go: transformers 5 does not read it, huggingface_hub never did",
                    f"{name} 不能决定模型的存放位置：transformers 5 不读取它，huggingface_hub 从未读取",
                ),
                span=place,
                fix=_rename_in_code(variable, place, "HF_HUB_CACHE", Applicability.UNSAFE),
            )
        elif name in OLDER and OLDER[name].key not in first:
            older = OLDER[name]
            yield Finding(
                "HUB211",
                Severity.INFO,
                Text(
                    f"{name} is an older name, which newer versions will not read: it is {older.key} now",
                    f"{name} 是旧名称，今后的版本将不再读取：现在叫 {older.key}",
                ),
                span=place,
                fix=_rename_in_code(variable, place, older.key, older.applicability),
            )


def _rename_in_code(
    variable: CodeVariable, place: Span, new: str, applicability: Applicability
) -> Fix:
    title = Text(f"Rename {variable.key} to {new}", f"将 {variable.key} 改名为 {new}")
    if variable.os_name != "os":
        return Fix(title, Applicability.MANUAL)
    return Fix(title, applicability, edits=(Edit(place, f'os.environ["{new}"]'),))
