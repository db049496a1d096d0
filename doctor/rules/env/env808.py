"""ENV808: a line of `.env` that loses against a value set elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import Facts, ShadowedSetting, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import ORDER, SHOW
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import amid, joined, prose

_TOKENS = {"HF_TOKEN": "huggingface", "MODELSCOPE_API_TOKEN": "modelscope"}


def _judge(facts: Facts) -> Iterable[Finding]:
    for shadowed in facts.shadowed:
        # Who gives an option on the command line knows that it overrides.
        if shadowed.same or shadowed.winner.level is Level.FLAG or _told(shadowed, facts):
            continue
        loser, winner = shadowed.origin.describe(), shadowed.winner.describe()
        value = facts.setting(shadowed.key).value
        yield Finding(
            "ENV808",
            Severity.WARNING,
            Text(
                f"{shadowed.key} in {loser.en} has no effect: {winner.en} overrides it",
                f"{amid(loser).lstrip()}的 {shadowed.key} 不起作用：被{amid(winner)}覆盖",
            ),
            evidence=(
                Text(
                    f"counts: {shadowed.key}={value}, from {winner.en}",
                    f"生效：{shadowed.key}={value}，来自{amid(winner).rstrip()}",
                ),
                Text(
                    f"does not: {shadowed.key}={shadowed.hidden}, in {loser.en}",
                    f"无效：{shadowed.key}={shadowed.hidden}，位于{amid(loser).rstrip()}",
                ),
            ),
            span=span_of(shadowed.origin, facts),
            fix=_fix(shadowed),
        )


def _told(shadowed: ShadowedSetting, facts: Facts) -> bool:
    """TOK304 speaks of different tokens, the login's file among them."""
    tokens = known(facts.tokens.get(_TOKENS.get(shadowed.key, "")))
    return tokens is not None and len({token.fingerprint for token in tokens.found}) > 1


def _fix(shadowed: ShadowedSetting) -> Fix:
    winner, loser = shadowed.winner, shadowed.origin.describe()
    if winner.level is Level.ENVIRON:
        name = winner.name or shadowed.key
        return Fix(
            Text(
                f"If {loser.en} is to count, unset {name} and remove it from ~/.bashrc "
                "(Windows: from your user variables)",
                f"如果希望{amid(loser)}生效，请取消 {name}，并从 ~/.bashrc 中删除"
                "（Windows：从用户环境变量中删除）",
            ),
            Applicability.MANUAL,
            command=f"unset {name}",
        )
    where = winner.describe()
    return Fix(
        Text(
            f"If {loser.en} is to count, remove {shadowed.key} from {winner.path or where.en}",
            f"如果希望{amid(loser)}生效，请从 {winner.path or where.zh} 中删除 {shadowed.key}",
        ),
        Applicability.MANUAL,
    )


RULE = Rule(
    "ENV808",
    "setting-shadowed",
    Severity.WARNING,
    Text("A line of .env is overridden", ".env 中的设置被覆盖"),
    Page(
        what=prose(
            "A setting stands in `.env`, but another value from a stronger place counts.",
            "某项设置写在 `.env` 里，但生效的是优先级更高处的另一个值。",
        ),
        why=prose(
            """
            You change `.env`, and nothing happens. Typical: `export HF_ENDPOINT=…` in `.bashrc`, once copied
            from a guide, and forgotten.
            """,
            """
            你改了 `.env`，却毫无变化。典型情况：以前照着教程在 `.bashrc` 里写过 `export HF_ENDPOINT=…`，后来
            忘了。
            """,
        ),
        detect=joined(
            prose(
                "By comparing the places. Equal values, and options of the command line, are not reported.",
                "比较各个来源。值相同、或由命令行选项覆盖的，不会报告。",
            ),
            ORDER,
        ),
        mend=prose(
            """
            Decide which one is right. For `.env` to count, remove the other:

            ```bash
            unset HF_ENDPOINT
            ```

            and delete the `export` line in `~/.bashrc`, `~/.zshrc`, `~/.profile`, your conda environment
            (`conda env config vars list`) or the job script. On Windows: "Edit environment variables for your
            account", or

            ```
            setx HF_ENDPOINT ""
            ```

            and open a new terminal.
            """,
            """
            先确定哪个才是对的。要让 `.env` 生效，就去掉另一个：

            ```bash
            unset HF_ENDPOINT
            ```

            并删除 `~/.bashrc`、`~/.zshrc`、`~/.profile`、conda 环境（`conda env config vars list`）或作业脚本
            里的 `export` 行。Windows 上：“编辑账户的环境变量”，或

            ```
            setx HF_ENDPOINT ""
            ```

            然后打开新的终端。
            """,
        ),
        verify=SHOW,
        sources=("https://github.com/huggingface/huggingface_hub/issues/2586",),
    ),
    judge=_judge,
)
