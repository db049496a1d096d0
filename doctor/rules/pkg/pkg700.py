"""PKG700: qtune runs in a Python that cannot train, while another may."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from qtune.core.text import Text
from qtune.doctor.facts import Elsewhere, Facts, Packages, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose

NEEDED = ("torch", "transformers", "peft", "accelerate")
_NEWEST = (3, 14)  # what qtune, and with it torch's wheels, were tested on


def judge(facts: Facts) -> Iterable[Finding]:
    packages = known(facts.packages)
    if packages is None:
        return
    absent = [name for name in NEEDED if packages.versions.get(name) == ""]
    if not absent:
        return
    if packages.bits == 32:
        yield _narrow(packages)
    elif (there := _elsewhere(packages, absent)) is not None:
        yield _other(packages, there)
    elif "torch" in absent and _numbers(packages.python) > _NEWEST:
        yield _new(packages)


def _elsewhere(packages: Packages, absent: list[str]) -> Elsewhere | None:
    """The activated environment, where it has torch or transformers and this one lacks them."""
    other = packages.elsewhere
    return other if other is not None and set(absent) & set(other.versions) else None


def _numbers(python: str) -> tuple[int, int]:
    major, _, rest = python.partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)


def _narrow(packages: Packages) -> Finding:
    return Finding(
        "PKG700",
        Severity.ERROR,
        Text(
            f"Python {packages.python} here is a 32-bit one, for which there is no torch",
            f"当前的 Python {packages.python} 是 32 位版本，没有对应的 torch",
        ),
        fix=manual(
            "Install a 64-bit Python, and qtune in it",
            "安装 64 位 Python，并在其中安装 qtune",
            url="https://www.python.org/downloads/",
        ),
    )


def _new(packages: Packages) -> Finding:
    return Finding(
        "PKG700",
        Severity.WARNING,
        Text(
            f"Python {packages.python} is newer than any that qtune was tested on; torch may not be there for it",
            f"Python {packages.python} 比 qtune 测试过的版本都新，可能还没有对应的 torch",
        ),
        fix=manual(
            "Use a Python from 3.11 to 3.14",
            "改用 Python 3.11 至 3.14",
            command="uv venv --python 3.13",
        ),
    )


def _other(packages: Packages, there: Elsewhere) -> Finding:
    named = ", ".join(f"{name} {version}" for name, version in there.versions.items())
    return Finding(
        "PKG700",
        Severity.ERROR,
        Text(
            f"qtune runs in {packages.prefix}, while the environment you have activated is {there.path}",
            f"qtune 运行在 {packages.prefix}，而你激活的环境是 {there.path}",
        ),
        (Text(f"there ({there.variable}): {named}", f"那里（{there.variable}）有：{named}"),),
        fix=manual(
            "Install qtune in the environment that has torch",
            "在已有 torch 的环境中安装 qtune",
            command=f'"{_python(there.path)}" -m pip install "qtune[train]"',
        ),
    )


def _python(environment: str) -> str:
    windows = "\\" in environment
    return str(PurePath(environment)) + (r"\Scripts\python.exe" if windows else "/bin/python")


RULE = Rule(
    code="PKG700",
    name="python",
    severity=Severity.ERROR,
    title=Text("qtune runs in the wrong Python", "qtune 运行在错误的 Python 环境中"),
    needs=("packages",),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            What training needs is not installed in the Python that qtune runs in, and that Python itself is
            the reason: another environment is activated and has the packages (qtune was installed with pipx,
            `uv tool` or into conda's base), it is a 32-bit Python, or one too new for torch.
            """,
            """
            qtune 所在的 Python 环境里缺少训练所需的包，而原因在于这个 Python 本身：你激活的是另一个环境，包都在那里
            （qtune 由 pipx、`uv tool` 安装，或装进了 conda 的 base）；或者它是 32 位的；或者版本太新，还没有 torch。
            """,
        ),
        why=prose(
            """
            `pip install` then succeeds again and again and changes nothing, because `pip` belongs to the one
            Python and `qtune` to the other.
            """,
            """
            这时反复执行 `pip install` 都会成功，却没有任何变化：`pip` 属于一个 Python，`qtune` 属于另一个。
            """,
        ),
        detect=prose(
            """
            Only where torch, transformers, peft or accelerate is missing: `VIRTUAL_ENV` and `CONDA_PREFIX` are
            compared with the place that qtune runs from, and the metadata of the packages there is read.
            Nothing is imported or run. Python 3.11 to 3.14 is what qtune was tested on; that no torch exists
            for a newer one is a guess.
            """,
            """
            仅在缺少 torch、transformers、peft 或 accelerate 时检查：比较 `VIRTUAL_ENV`、`CONDA_PREFIX` 与 qtune 的运行位置，
            并读取那里的包元数据，不导入也不运行任何东西。qtune 在 Python 3.11 至 3.14 上测试过；
            更新的版本没有 torch 只是推测。
            """,
        ),
        mend=prose(
            """
            Install qtune where torch is, with that environment's own Python:

            ```bash
            python -m pip install "qtune[train]"
            hash -r
            ```

            `hash -r` makes the shell look for `qtune` anew.
            """,
            """
            用已有 torch 的环境自己的 Python 安装 qtune：

            ```bash
            python -m pip install "qtune[train]"
            hash -r
            ```

            `hash -r` 让 shell 重新查找 `qtune`。
            """,
        ),
        verify=prose(
            """
            Both should name the same folder:

            ```bash
            python -c "import sys; print(sys.prefix)"
            python -m qtune doctor --only PKG700 -v
            ```
            """,
            """
            两者应指向同一个目录：

            ```bash
            python -c "import sys; print(sys.prefix)"
            python -m qtune doctor --only PKG700 -v
            ```
            """,
        ),
        sources=("https://docs.python.org/3/library/venv.html",),
    ),
)
