"""ENV804: a name in `.env` that nothing reads, but nearly the name of a setting."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, known
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.near import LEGACY, PEERS, meant
from qtune.doctor.rules.env.words import ON_THIS_MACHINE, SHOW
from qtune.doctor.rules.places import called, key_span
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    for entry in envfile.entries if envfile is not None else ():
        assert envfile is not None
        if entry.key in PEERS:
            yield from _peer(entry, envfile, facts)
        elif entry.key in LEGACY:
            yield _legacy(entry, envfile, LEGACY[entry.key])
        elif (right := meant(entry.key)) is not None:
            yield _typo(entry, envfile, right)


def _typo(entry: EnvEntry, envfile: EnvFile, right: str) -> Finding:
    near = f"; did you mean {right}?" if right else ""
    zh_near = f"；是不是 {right}？" if right else ""
    return Finding(
        "ENV804",
        Severity.WARNING,
        Text(
            f"{entry.key} ({called(envfile)} line {entry.line}) is no setting of qtune{near}",
            f"{entry.key}（{called(envfile)} 第 {entry.line} 行）不是 qtune 的设置{zh_near}",
        ),
        span=key_span(envfile, entry),
        fix=_rename(entry, envfile, right, Applicability.SAFE) if right else None,
    )


def _legacy(entry: EnvEntry, envfile: EnvFile, right: str) -> Finding:
    return Finding(
        "ENV804",
        Severity.WARNING,
        Text(
            f"{entry.key} ({called(envfile)} line {entry.line}) is read neither by huggingface_hub nor by qtune: "
            f"the name is {right}",
            f"huggingface_hub 和 qtune 都不读取 {entry.key}（{called(envfile)} 第 {entry.line} 行）：正确的名称是 {right}",
        ),
        span=key_span(envfile, entry),
        # Some other program of the project may read the old name, so this is not done unasked.
        fix=_rename(entry, envfile, right, Applicability.UNSAFE),
    )


def _peer(entry: EnvEntry, envfile: EnvFile, facts: Facts) -> Iterable[Finding]:
    """Silent once our own switch is set: then the other program's is nobody's mistake."""
    if facts.setting("USE_MODELSCOPE").origin.level is not Level.DEFAULT or entry.empty:
        return
    reader, ours = PEERS[entry.key]
    yield Finding(
        "ENV804",
        Severity.INFO,
        Text(
            f"{entry.key} ({called(envfile)} line {entry.line}) is {reader}'s switch, qtune does not read it; "
            f"to turn it on is {ours} here",
            f"{entry.key}（{called(envfile)} 第 {entry.line} 行）是 {reader} 的开关，qtune 不读取；"
            f"开启它相当于这里的 {ours}",
        ),
        span=key_span(envfile, entry),
        fix=Fix(
            Text(
                "Say it in qtune's words too: USE_MODELSCOPE",
                "用 qtune 的写法也设一遍：USE_MODELSCOPE",
            ),
            Applicability.MANUAL,
        ),
    )


def _rename(entry: EnvEntry, envfile: EnvFile, right: str, applicability: Applicability) -> Fix:
    if envfile.last(right) is not None:
        return Fix(
            Text(
                f"{right} stands in {called(envfile)} already: remove {entry.key}",
                f"{called(envfile)} 中已有 {right}：请删除 {entry.key}",
            ),
            Applicability.MANUAL,
        )
    return Fix(
        Text(f"Rename {entry.key} to {right}", f"将 {entry.key} 改名为 {right}"),
        applicability,
        edits=(Edit(key_span(envfile, entry), right),),
    )


RULE = Rule(
    "ENV804",
    "unknown-setting",
    Severity.WARNING,
    Text("A name in .env is nearly a setting", ".env 中有疑似写错的名称"),
    Page(
        what=prose(
            """
            A name in `.env` is one or two letters away from a setting (`HF_TOKKEN`), begins with `QTUNE_`
            without being one, is an old name that is read no more (`HUGGINGFACE_TOKEN`), or is the switch of
            another trainer.
            """,
            """
            `.env` 中的某个名称与设置项只差一两个字母（如 `HF_TOKKEN`），或以 `QTUNE_` 开头却不是设置项，或是
            早已不再读取的旧名（如 `HUGGINGFACE_TOKEN`），或是其他训练工具的开关。
            """,
        ),
        why=prose(
            """
            Nothing reads it, and nothing says so: the token you wrote down is not sent, the hub you chose is
            not used.
            """,
            "没有程序会读取它，也没有任何提示：写好的 Token 不会被发送，选好的平台不会生效。",
        ),
        detect=joined(
            prose(
                """
                Every name is compared with the table of settings. Names further away belong to other programs
                and are left alone; so are a few well-known ones that look alike, such as `FTP_PROXY`.
                """,
                """
                将每个名称与设置表比较。相差更远的名称属于其他程序，不会提示；少数长得像的常见变量（如
                `FTP_PROXY`）也不会提示。
                """,
            ),
            ON_THIS_MACHINE,
        ),
        mend=prose(
            """
            Rename it; `qtune doctor --fix` does so for a slip of the pen. The names to use:

            - `HF_TOKEN`, instead of `HUGGINGFACE_TOKEN`, `HUGGINGFACE_HUB_TOKEN`, `HF_API_TOKEN`;
            - `USE_MODELSCOPE=False`, instead of ms-swift's `USE_HF=1`;
            - `USE_MODELSCOPE=True`, instead of LLaMA-Factory's `USE_MODELSCOPE_HUB=1`, unsloth's
              `UNSLOTH_USE_MODELSCOPE=1`, vLLM's `VLLM_USE_MODELSCOPE=True`.

            Keep the other program's own line beside it if you use that program too.
            """,
            """
            改成正确的名称；如果只是笔误，`qtune doctor --fix` 会代为改正。应使用：

            - `HF_TOKEN`，代替 `HUGGINGFACE_TOKEN`、`HUGGINGFACE_HUB_TOKEN`、`HF_API_TOKEN`；
            - `USE_MODELSCOPE=False`，相当于 ms-swift 的 `USE_HF=1`；
            - `USE_MODELSCOPE=True`，相当于 LLaMA-Factory 的 `USE_MODELSCOPE_HUB=1`、unsloth 的
              `UNSLOTH_USE_MODELSCOPE=1`、vLLM 的 `VLLM_USE_MODELSCOPE=True`。

            如果你也在用那个工具，请保留它自己的那一行。
            """,
        ),
        verify=SHOW,
        sources=(
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
        ),
    ),
    needs=("envfile",),
    judge=_judge,
)
