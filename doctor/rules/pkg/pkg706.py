"""PKG706: a file of the user's is imported in the place of a package."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Shadow, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    packages = known(facts.packages)
    for shadow in packages.shadows if packages is not None else ():
        yield _finding(shadow)


def _finding(shadow: Shadow) -> Finding:
    return Finding(
        "PKG706",
        Severity.ERROR,
        Text(
            f"{shadow.path} is imported in the place of {shadow.name}, because PYTHONPATH names {shadow.through}",
            f"{shadow.path} 会代替 {shadow.name} 被导入，因为 PYTHONPATH 中有 {shadow.through}",
        ),
        fix=manual(
            "Rename it, or take the folder out of PYTHONPATH",
            "给它改名，或从 PYTHONPATH 中去掉该目录",
            command="unset PYTHONPATH",
        ),
    )


RULE = Rule(
    code="PKG706",
    name="shadowed-package",
    severity=Severity.ERROR,
    title=Text("A file stands in front of a package", "有文件遮住了同名的包"),
    needs=("packages",),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            A folder of `PYTHONPATH` holds a `torch.py`, a `datasets/` with an `__init__.py`, or another file
            with the name of a package that training uses. Python imports the first that it finds.
            """,
            """
            `PYTHONPATH` 中的某个目录里有 `torch.py`、带 `__init__.py` 的 `datasets/`，或其他与训练所用的包同名的文件。
            Python 会导入先找到的那一个。
            """,
        ),
        why=prose(
            """
            The training ends with an error that makes no sense: "module 'datasets' has no attribute
            'Dataset'", "cannot import name … (most likely due to a circular import)".
            """,
            """
            训练会以莫名其妙的错误结束："module 'datasets' has no attribute 'Dataset'"、
            "cannot import name … (most likely due to a circular import)"。
            """,
        ),
        detect=prose(
            """
            The folders in `PYTHONPATH` are looked through for files with those names. A package that was
            installed there (its metadata lies beside it), or a checkout of the package itself, is meant to be
            found. The working folder is not looked at: qtune starts the training with `python -P`, which
            leaves it out.
            """,
            """
            在 `PYTHONPATH` 的各目录中查找这些名称的文件。安装在那里的包（旁边有元数据）或包自身的源码目录属于正常情况。
            当前目录不检查：qtune 用 `python -P` 启动训练，不会从当前目录导入。
            """,
        ),
        mend=prose(
            """
            ```bash
            git mv datasets my_datasets
            ```

            or leave the folder out, for the whole shell:

            ```bash
            unset PYTHONPATH
            ```
            """,
            """
            改名：

            ```bash
            git mv datasets my_datasets
            ```

            或在当前 shell 中不再使用该目录：

            ```bash
            unset PYTHONPATH
            ```
            """,
        ),
        verify=prose(
            """
            The path should lie in `site-packages`:

            ```bash
            python -P -c "import datasets; print(datasets.__file__)"
            qtune doctor --only PKG706
            ```
            """,
            """
            路径应当位于 `site-packages` 中：

            ```bash
            python -P -c "import datasets; print(datasets.__file__)"
            qtune doctor --only PKG706
            ```
            """,
        ),
        sources=("https://docs.python.org/3/using/cmdline.html#envvar-PYTHONPATH",),
    ),
)
