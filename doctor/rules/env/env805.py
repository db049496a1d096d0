"""ENV805: a setting has a value that it cannot have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.settings import FALSE, TRUE, problem_of
from qtune.core.table import BY_KEY
from qtune.core.text import Text
from qtune.doctor.facts import Facts, SettingFact
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import ORDER, SHOW
from qtune.doctor.rules.places import glued, span_of
from qtune.doctor.rules.words import joined, prose

# Quotes and blanks, and what a page hides among the letters that are copied from it.
_AROUND = "\"'`“”‘’ \u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_YES = {
    **dict.fromkeys(TRUE, "True"),
    "enable": "True",
    "enabled": "True",
    "是": "True",
    "开": "True",
}
_NO = {**dict.fromkeys(FALSE, "False"), "disable": "False", "disabled": "False", "否": "False"}


def _judge(facts: Facts) -> Iterable[Finding]:
    for fact in facts.settings:
        # HUB203 speaks of the hubs' addresses, and of what follows from a wrong one.
        if fact.problem is None or BY_KEY[fact.key].kind == "url":
            continue
        where = fact.origin.describe()
        yield Finding(
            "ENV805",
            Severity.ERROR,
            Text(
                f"{fact.key} ({where.en}): {fact.problem.en}",
                f"{fact.key}（{where.zh}）：{fact.problem.zh}",
            ),
            because=glued(fact.origin, facts),
            span=span_of(fact.origin, facts),
            fix=None if glued(fact.origin, facts) else _fix(fact),
        )


def _fix(fact: SettingFact) -> Fix:
    row = BY_KEY[fact.key]
    value, certain = _meant(fact)
    if value is None:
        choices = ("True", "False") if row.kind == "bool" else row.choices
        listed = (
            Text(f"one of {', '.join(choices)}", f" {'、'.join(choices)} 之一")
            if choices
            else Text("a value", "正确的值")
        )
        default = row.default or "…"
        return Fix(
            Text(
                f"Write {listed.en}, for example {fact.key}={default}, or remove it",
                f"改成{listed.zh}，例如 {fact.key}={default}，或删除该设置",
            ),
            Applicability.MANUAL,
        )
    return Fix(
        Text(f"Write {fact.key}={value}", f"改成 {fact.key}={value}"),
        Applicability.SAFE if certain else Applicability.UNSAFE,
        patch=EnvPatch({fact.key: value}),
    )


def _meant(fact: SettingFact) -> tuple[str | None, bool]:
    """The value that was meant, and whether that is certain: only its case or its quotes are wrong."""
    row, written = BY_KEY[fact.key], fact.value.strip().strip(_AROUND)
    if problem_of(row, written) is None and written:
        return written, True
    low = written.lower()
    if row.kind == "bool":
        words = {**_YES, **_NO}
        if low in words:
            return words[low], True
        near = difflib.get_close_matches(low, ("true", "false", "enable", "disable"), 1, 0.7)
        return (words[near[0]] if near else None), False
    if row.kind == "choice":
        exact = [choice for choice in row.choices if choice.lower() == low]
        close = difflib.get_close_matches(low, row.choices, 1, 0.7)
        return (exact[0], True) if exact else (close[0] if close else None, False)
    number = re.sub(r"(\.0+)?\s*(s|sec|secs|seconds?)?\Z", "", low)
    if row.kind == "int" and problem_of(row, number) is None:
        return number, False
    return None, False


RULE = Rule(
    "ENV805",
    "unusable-value",
    Severity.ERROR,
    Text("A setting has a value it cannot have", "设置项的值不可用"),
    Page(
        what=prose(
            """
            A setting was given a value of the wrong kind: a word where a number is needed, something that is
            neither yes nor no, an address without `https://`, a choice that does not exist.
            """,
            """
            某个设置的值类型不对：该填数字却填了文字、既不是“是”也不是“否”、网址缺少 `https://`、不在可选项之
            中。
            """,
        ),
        why=prose(
            """
            `qtune run` and `qtune download` refuse to start, because going on with the default would not be
            what you asked for. Other programs are less kind: huggingface_hub reads
            `HF_HUB_DOWNLOAD_TIMEOUT=10s` while it is imported, and the import itself fails with
            `ValueError: invalid literal for int()`.
            """,
            """
            `qtune run` 和 `qtune download` 会拒绝启动，因为悄悄改用默认值不是你想要的。其他程序更不友好：
            huggingface_hub 在导入时读取 `HF_HUB_DOWNLOAD_TIMEOUT=10s`，结果导入本身就以
            `ValueError: invalid literal for int()` 失败。
            """,
        ),
        detect=prose(
            "Every value is checked against the table of settings, wherever it came from. No network is used.",
            "按设置表检查每个值，无论来自哪里。不联网。",
        ),
        mend=joined(
            prose(
                """
                - yes or no: `True` or `False` (also 1, 0, yes, no, on, off);
                - numbers: digits alone, in the unit the table names (`60`, not `60s`);
                - addresses: with the scheme, `https://huggingface.co`;
                - choices: as listed in `docs/settings.md`.

                ```
                USE_MODELSCOPE=True
                HF_HUB_DOWNLOAD_TIMEOUT=60
                ```

                The finding names the place of the value. Remove the line to get the default back.
                """,
                """
                - 是或否：`True` 或 `False`（也可用 1、0、yes、no、on、off）；
                - 数字：只写数字，单位见设置表（写 `60`，不要写 `60s`）；
                - 网址：要带协议，如 `https://huggingface.co`；
                - 可选项：见 `docs/settings.md`。

                ```
                USE_MODELSCOPE=True
                HF_HUB_DOWNLOAD_TIMEOUT=60
                ```

                报告会指出值的位置。删除该行即恢复默认值。
                """,
            ),
            ORDER,
        ),
        verify=SHOW,
        sources=(
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
        ),
    ),
    judge=_judge,
)
