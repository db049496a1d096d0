"""ENV811: settings stand in a `.env` that is not read, because it lies in another folder."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.origin import Level
from qtune.core.table import BY_KEY
from qtune.core.text import Text
from qtune.doctor.facts import EnvFile, Facts, OtherEnv, known
from qtune.doctor.finding import Finding, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.env.words import ON_THIS_MACHINE, ORDER
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    for other in envfile.above if envfile is not None else ():
        keys = _lost(facts, other)
        if keys and envfile is not None:
            yield _finding(envfile, other, keys)
            return  # the nearest is the one that was meant


def _lost(facts: Facts, other: OtherEnv) -> list[str]:
    """Keys that would change something and are set nowhere else. Tokens are TOK305's."""
    return [
        key
        for key, value in other.settings
        if not BY_KEY[key].secret
        and value != BY_KEY[key].default
        and facts.setting(key).origin.level is Level.DEFAULT
    ]


def _finding(envfile: EnvFile, other: OtherEnv, keys: list[str]) -> Finding:
    return Finding(
        "ENV811",
        Severity.INFO if envfile.exists else Severity.WARNING,
        Text(
            f"{', '.join(keys)} in {other.path}: not read, because qtune reads {envfile.path}",
            f"{other.path} 中的 {'、'.join(keys)} 没有生效：qtune 读取的是 {envfile.path}",
        ),
        ()
        if envfile.exists
        else (Text(f"{envfile.path} does not exist", f"{envfile.path} 不存在"),),
        span=Span(other.path, 1, 1, 1, 1),
        fix=manual(
            "Run qtune in that folder, name the file, or copy the lines",
            "到那个目录运行 qtune、指定该文件，或把这些行复制过来",
            command=f'qtune doctor --env-file "{other.path}"',
        ),
    )


RULE = Rule(
    "ENV811",
    "env-elsewhere",
    Severity.WARNING,
    Text("Settings stand in a .env that is not read", "设置写在没有被读取的 .env 中"),
    Page(
        what=prose(
            """
            qtune reads the `.env` of the folder it is started in, and no other. Further up lies one with
            settings of qtune's that are set nowhere else, so they have no effect here.
            """,
            """
            qtune 只读取启动目录中的 `.env`。上级目录里还有一个，其中有 qtune 的设置，别处又没有设置，因此在这里不起作用。
            """,
        ),
        why=prose(
            """
            You change a line and nothing happens; or everything works in one folder and, in a subfolder of
            it, the default hub and the default cache are used.
            """,
            """
            改了设置却毫无变化；或者在某个目录一切正常，进入它的子目录后却用回了默认的下载源和默认的缓存位置。
            """,
        ),
        detect=joined(
            prose(
                """
                The folders above are looked through up to your home folder or the top of the git repository,
                eight at most. Only names of settings count, and only values that differ from the default; tokens
                are left to TOK305.
                """,
                """
                向上查找各级目录，直到家目录或 git 仓库顶层，最多八级。只看 qtune 的设置，
                且值与默认值不同；Token 由 TOK305 负责。
                """,
            ),
            ON_THIS_MACHINE,
        ),
        mend=joined(
            prose(
                """
                Start qtune where the file lies, or name it:

                ```bash
                qtune doctor --env-file ../.env
                ```

                What shall count in all your projects belongs in your own qtune config, whose place `qtune env`
                shows, or in the environment.
                """,
                """
                在该文件所在目录启动 qtune，或指定它：

                ```bash
                qtune doctor --env-file ../.env
                ```

                对所有项目都生效的设置，请写入你自己的 qtune 配置（位置可用 `qtune env` 查看）或环境变量。
                """,
            ),
            ORDER,
        ),
        verify=prose(
            """
            ```bash
            qtune env
            ```

            shows for every setting where it came from.
            """,
            """
            ```bash
            qtune env
            ```

            会列出每项设置的来源。
            """,
        ),
        sources=("https://github.com/wanshuiyin/Auto-claude-code-research-in-sleep/issues/114",),
    ),
    needs=("envfile",),
    judge=_judge,
)
