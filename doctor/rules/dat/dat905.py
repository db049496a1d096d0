"""DAT905: the data thinks where the model does not, or the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dat.unusable import files
from qtune.doctor.rules.dat.words import DETECT
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import joined, prose

_SOME = 0.01  # a rule of thumb: fewer rows are left-overs
_THINKS = re.compile(r"(?:.*/)?(Qwen3-[\w.-]+)-Thinking-2507/?", re.I)
_SILENT = re.compile(r"(?:.*/)?(?:(Qwen3-[\w.-]+)-Instruct-2507|Qwen3-Coder-[\w.-]+)/?", re.I)


def _judge(facts: Facts) -> Iterable[Finding]:
    rows = sum(file.usable - file.plain for file in files(facts))
    reasoned = sum(file.reasoned for file in files(facts))
    model = facts.goal.model
    if not rows:
        return
    thinks = reasoned > _SOME * rows
    if _THINKS.fullmatch(model) and not reasoned:
        yield _without(model, rows)
    elif thinks and _SILENT.fullmatch(model):
        yield _with(model, reasoned, rows)
    elif thinks and facts.goal.enable_thinking is False:
        yield _switched_off(reasoned, rows)


def _without(model: str, rows: int) -> Finding:
    name = _THINKS.fullmatch(model)
    return _finding(
        Text(
            f"{model} begins every answer with its thoughts, and none of the {rows} rows has any",
            f"{model} 每次回答都以思考开头，而 {rows} 条数据都没有思考过程",
        ),
        manual(
            f"Train Qwen/{name[1] if name else ''}-Instruct-2507 instead, or give the answers their thoughts as "
            "reasoning_content",
            f"改用 Qwen/{name[1] if name else ''}-Instruct-2507 训练，或在回答中用 reasoning_content 补上思考过程",
        ),
    )


def _with(model: str, reasoned: int, rows: int) -> Finding:
    return _finding(
        Text(
            f"{reasoned} of {rows} rows think before they answer, and {model} is a model that does not",
            f"{rows} 条数据中有 {reasoned} 条带思考过程，而 {model} 是不思考的模型",
        ),
        manual(
            "Take the thoughts out of the answers, or train a model that thinks",
            "请去掉回答中的思考过程，或改用会思考的模型",
        ),
    )


def _switched_off(reasoned: int, rows: int) -> Finding:
    return _finding(
        Text(
            f"enable_thinking is false, and {reasoned} of {rows} rows think before they answer",
            f"enable_thinking 为 false，而 {rows} 条数据中有 {reasoned} 条带思考过程",
        ),
        manual(
            "Remove enable_thinking from the run config, or the thoughts from the data",
            "请从训练配置中去掉 enable_thinking，或从数据中去掉思考过程",
        ),
    )


def _finding(message: Text, fix: Fix) -> Finding:
    return Finding("DAT905", Severity.WARNING, message, fix=fix)


RULE = Rule(
    "DAT905",
    "thinking-mismatch",
    Severity.WARNING,
    Text("The data thinks, and the model does not, or the reverse", "数据与模型的思考模式不一致"),
    Page(
        what=prose(
            """
            Qwen3 comes as models that think before they answer (`-Thinking-2507`), that never do
            (`-Instruct-2507`, `Qwen3-Coder`), and that do either (`Qwen3-4B` and its like, by
            `enable_thinking`). The data does the other thing: its answers hold thoughts (`reasoning_content`,
            or `<think>…</think>` in the text) where the model has none, or none where it always thinks.
            """,
            """
            Qwen3 有三类模型：回答前总要思考的（`-Thinking-2507`）、从不思考的（`-Instruct-2507`、`Qwen3-Coder`），
            以及两者皆可的（`Qwen3-4B` 等，由 `enable_thinking` 决定）。而数据与之相反：模型不思考，回答里却有思考过程
            （`reasoning_content` 或文本中的 `<think>…</think>`）；或者模型总要思考，数据里却没有。
            """,
        ),
        why=prose(
            """
            After such a training the model writes `<think></think>` into its answers, leaves a `<think>` open,
            or thinks although it was trained not to. Nothing in the loss shows it.
            """,
            """
            这样训练之后，模型会在回答里写出 `<think></think>`，留下没有闭合的 `<think>`，或者明明没有训练思考却开始思考。
            从 loss 上看不出来。
            """,
        ),
        detect=joined(
            DETECT,
            prose(
                """
                The kind of model is told by its name. Data without thoughts for a model that can do either is
                fine: qtune trains it as the template writes it.
                """,
                "模型类别按名称判断。两者皆可的模型用不带思考的数据训练没有问题：qtune 会按模板的写法训练。",
            ),
        ),
        mend=prose(
            """
            Take the model that fits the data, for answers without thoughts

            ```yaml
            model: Qwen/Qwen3-4B-Instruct-2507
            ```

            or write the thoughts apart from the answer:

            ```json
            {"role": "assistant", "reasoning_content": "thoughts", "content": "the answer"}
            ```
            """,
            """
            选用与数据相符的模型，回答不带思考的：

            ```yaml
            model: Qwen/Qwen3-4B-Instruct-2507
            ```

            或把思考过程与回答分开写：

            ```json
            {"role": "assistant", "reasoning_content": "thoughts", "content": "the answer"}
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor sft.yaml --only DAT905
            ```
            """,
            """
            重新检查：

            ```bash
            qtune doctor sft.yaml --only DAT905
            ```
            """,
        ),
        sources=(
            "https://github.com/hiyouga/LlamaFactory/issues/9392",
            "https://github.com/hiyouga/LlamaFactory/issues/7978",
            "https://github.com/modelscope/ms-swift/issues/5927",
        ),
    ),
    needs=("dataset",),
    goals=TRAINING,
    judge=_judge,
)
