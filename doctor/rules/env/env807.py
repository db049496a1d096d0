"""ENV807: git would take, or has taken, a `.env` that holds a secret."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qtune.core.text import Text
from qtune.doctor.facts import EnvFile, Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import ON_THIS_MACHINE, ROTATE
from qtune.doctor.rules.places import called, entry_span
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    if envfile is None or envfile.git not in ("untracked", "tracked"):
        return
    secret = next((entry for entry in envfile.entries if entry.looks_secret), None)
    if secret is None or secret.empty:
        return
    tracked = envfile.git == "tracked"
    message = Text(
        f"{called(envfile)} holds {secret.key} (line {secret.line}), and git does not ignore it",
        f"{called(envfile)} 里有 {secret.key}（第 {secret.line} 行），而 git 没有忽略这个文件",
    )
    if tracked:
        message = Text(
            f"{called(envfile)} holds {secret.key} (line {secret.line}), and it is part of the git repository",
            f"{called(envfile)} 里有 {secret.key}（第 {secret.line} 行），而它已被纳入 git 仓库",
        )
    yield Finding(
        "ENV807",
        Severity.ERROR if tracked else Severity.WARNING,
        message,
        span=entry_span(envfile, secret),
        fix=_taken(envfile) if tracked else _ignore(envfile),
    )


def _taken(envfile: EnvFile) -> Fix:
    return Fix(
        Text(
            "Take it out of the repository, revoke the token and make a new one",
            "将它移出仓库，撤销该 Token 并新建一个",
        ),
        Applicability.MANUAL,
        command=f"git rm --cached {Path(envfile.path).name}",
        url="https://huggingface.co/settings/tokens",
    )


def _ignore(envfile: EnvFile) -> Fix:
    path = Path(envfile.path)
    return Fix(
        Text(f"Add {path.name} to .gitignore", f"将 {path.name} 加入 .gitignore"),
        Applicability.SAFE,
        gitignore=(str(path.parent / ".gitignore"), path.name),
    )


RULE = Rule(
    "ENV807",
    "env-not-ignored",
    Severity.WARNING,
    Text("git does not ignore a .env with secrets", "git 没有忽略含有秘密的 .env"),
    Page(
        what=prose(
            """
            `.env` holds a token or a password, and git either would take it with the next `git add .`, or
            tracks it already.
            """,
            "`.env` 中有 Token 或密码，而 git 会在下一次 `git add .` 时把它加进去，或者已经在跟踪它。",
        ),
        why=prose(
            """
            What has been pushed is public, or as public as the repository will ever be, and deleting the file
            later does not take it out of the history. Robots look for tokens in new commits.
            """,
            """
            推送出去的内容就等于公开了（或在仓库将来公开时公开），事后删除文件也无法从历史中抹掉。一直有程序在
            新提交里搜寻 Token。
            """,
        ),
        detect=joined(
            prose(
                "By asking git itself (`git ls-files`, `git check-ignore`). Outside a repository nothing is said.",
                "直接询问 git（`git ls-files`、`git check-ignore`）。不在仓库中时不会提示。",
            ),
            ON_THIS_MACHINE,
        ),
        mend=joined(
            prose(
                """
                Not tracked yet: `qtune doctor --fix` adds the line, or

                ```bash
                echo .env >> .gitignore
                ```

                Tracked already:

                ```bash
                git rm --cached .env
                echo .env >> .gitignore
                git commit -m "Stop tracking .env"
                ```

                If it was ever pushed, the history holds the token still:
                """,
                """
                尚未跟踪：`qtune doctor --fix` 会加上这一行，或手动执行

                ```bash
                echo .env >> .gitignore
                ```

                已经被跟踪：

                ```bash
                git rm --cached .env
                echo .env >> .gitignore
                git commit -m "Stop tracking .env"
                ```

                只要推送过，历史记录里就仍有 Token：
                """,
            ),
            ROTATE,
        ),
        verify=prose(
            """
            ```bash
            git check-ignore .env
            ```

            prints `.env`.
            """,
            """
            ```bash
            git check-ignore .env
            ```

            会输出 `.env`。
            """,
        ),
        sources=(
            "https://huggingface.co/docs/hub/security-tokens",
            "https://docs.github.com/authentication/keeping-your-account-and-data-secure/removing-sensitive-data-from-a-repository",
        ),
    ),
    needs=("envfile",),
    judge=_judge,
)
