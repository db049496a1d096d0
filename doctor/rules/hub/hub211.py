"""HUB211: a variable that the libraries gave up: it does nothing any more, or soon will not."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, known
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.hub.older import CACHE, OLDER, TRANSFER, in_code
from qtune.doctor.rules.places import called, key_span
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    if source is not None:
        yield from in_code(source)
    variables, envfile = known(facts.variables), known(facts.envfile)
    names = set(variables.names) if variables is not None else set()
    lines = {entry.key: entry for entry in envfile.entries} if envfile is not None else {}
    written = {key for key, entry in lines.items() if not entry.empty}
    for name in sorted((names | written) & {TRANSFER, CACHE, *OLDER}):
        # The process goes before .env: what stands there is what a person has to change first.
        entry = lines.get(name) if name not in names else None
        if name == TRANSFER:
            yield from _transfer(facts, envfile, entry)
        elif name == CACHE:
            yield from _cache(facts, envfile, entry)
        else:
            yield from _older(facts, envfile, entry, name, {*names, *written})


def _where(name: str, envfile: EnvFile | None, entry: EnvEntry | None) -> Text:
    if envfile is None or entry is None:
        return Text(f"the environment variable {name}", f"环境变量 {name} ")
    file = called(envfile)
    return Text(f"{name} ({file} line {entry.line})", f"{name}（{file} 第 {entry.line} 行）")


def _transfer(facts: Facts, envfile: EnvFile | None, entry: EnvEntry | None) -> Iterable[Finding]:
    if _major("huggingface_hub", facts) == 0:  # which still reads it
        return
    where = _where(TRANSFER, envfile, entry)
    yield Finding(
        "HUB211",
        Severity.INFO,
        Text(
            f"{where.en} does nothing any more: huggingface_hub 1 and later download without hf_transfer, "
            "and qtune never used it",
            f"{where.zh}已不起作用：huggingface_hub 1 及更高版本不再使用 hf_transfer，qtune 也从未使用",
        ),
        span=key_span(envfile, entry) if envfile is not None and entry is not None else None,
        fix=_removal(TRANSFER, entry),
        source="huggingface",
    )


def _cache(facts: Facts, envfile: EnvFile | None, entry: EnvEntry | None) -> Iterable[Finding]:
    """Harmless where the cache is named in the words of today as well."""
    named = ("HF_HUB_CACHE", "HF_HOME")
    if any(facts.setting(key).origin.level is not Level.DEFAULT for key in named):
        return
    where, default = _where(CACHE, envfile, entry), f"{facts.setting('HF_HOME').value}/hub"
    old = _major("transformers", facts)
    reader = Text("transformers 5", "transformers 5")
    reads = Text(f"neither qtune nor {reader.en} reads it", f"qtune 和 {reader.zh} 都不读取它")
    if old is not None and old < 5:
        reads = Text(
            "transformers 4 still reads it, qtune and huggingface_hub do not",
            "transformers 4 仍会读取，而 qtune 和 huggingface_hub 不读取",
        )
    yield Finding(
        "HUB211",
        Severity.WARNING,
        Text(
            f"{where.en} does not say where models go: {reads.en}; they go to {default}",
            f"{where.zh}不能决定模型的存放位置：{reads.zh}；模型会存到 {default}",
        ),
        span=key_span(envfile, entry) if envfile is not None and entry is not None else None,
        fix=_rename(CACHE, "HF_HUB_CACHE", envfile, entry, Applicability.UNSAFE),
    )


def _older(
    facts: Facts, envfile: EnvFile | None, entry: EnvEntry | None, name: str, present: set[str]
) -> Iterable[Finding]:
    older = OLDER[name]
    # Beside the new name, set for programs of both ages, the older one is nobody's mistake.
    if facts.setting(older.key).origin.name != name or older.key in present:
        return
    where = _where(name, envfile, entry)
    yield Finding(
        "HUB211",
        Severity.INFO,
        Text(
            f"{where.en} is an older name, which newer versions will not read: it is {older.key} now",
            f"{where.zh}是旧名称，今后的版本将不再读取：现在叫 {older.key}",
        ),
        span=key_span(envfile, entry) if envfile is not None and entry is not None else None,
        fix=_rename(name, older.key, envfile, entry, older.applicability),
        source=older.hub,
    )


def _rename(
    name: str,
    new: str,
    envfile: EnvFile | None,
    entry: EnvEntry | None,
    applicability: Applicability,
) -> Fix:
    title = Text(f"Rename {name} to {new}", f"将 {name} 改名为 {new}")
    if envfile is None or entry is None:
        command = f'export {new}="${name}"; unset {name}'
        return Fix(title, Applicability.MANUAL, command=command)
    return Fix(title, applicability, edits=(Edit(key_span(envfile, entry), new),))


def _removal(name: str, entry: EnvEntry | None) -> Fix:
    title = Text(f"Remove {name}", f"删除 {name}")
    if entry is None:
        return Fix(title, Applicability.MANUAL, command=f"unset {name}")
    return Fix(title, Applicability.SAFE, patch=EnvPatch(unset=frozenset({name})))


def _major(package: str, facts: Facts) -> int | None:
    packages = known(facts.packages)
    first = packages.versions.get(package, "").partition(".")[0] if packages is not None else ""
    return int(first) if first.isdigit() and len(first) < 5 else None


RULE = Rule(
    code="HUB211",
    name="deprecated-env",
    severity=Severity.WARNING,
    title=Text("A variable that the libraries gave up", "已被各个库弃用的变量"),
    needs=("variables", "envfile", "packages"),
    judge=judge,
    tag="deprecated",
    page=Page(
        what=prose(
            """
            A variable is set, in the environment, in `.env` or by code, whose time is over:

            - `HF_HUB_ENABLE_HF_TRANSFER`: huggingface_hub 1 and later only warn about it.
            - `TRANSFORMERS_CACHE`: transformers 5 does not read it; huggingface_hub never did.
            - `HUGGINGFACE_HUB_CACHE`, `HUGGING_FACE_HUB_TOKEN`, `MODELSCOPE_DOMAIN`: older names, still read.
            """,
            """
            环境变量、`.env` 或代码中设置了已经过时的变量：

            - `HF_HUB_ENABLE_HF_TRANSFER`：huggingface_hub 1 及更高版本只会对它发出警告。
            - `TRANSFORMERS_CACHE`：transformers 5 不读取它；huggingface_hub 从未读取。
            - `HUGGINGFACE_HUB_CACHE`、`HUGGING_FACE_HUB_TOKEN`、`MODELSCOPE_DOMAIN`：旧名称，目前仍会读取。
            """,
        ),
        why=prose(
            """
            What is set and does nothing misleads: a download is expected to be fast, or models are expected on
            the big disk, while tens of gigabytes go to the home folder. Names that no version ever read
            (`HUGGINGFACE_TOKEN`) are ENV804.
            """,
            """
            设置了却不起作用的变量会误导人：以为下载会变快，或以为模型存到了大硬盘上，
            而几十 GB 的文件其实进了家目录。从来没有版本读取过的名称（如 `HUGGINGFACE_TOKEN`）由 ENV804 说明。
            """,
        ),
        detect=prose(
            """
            The five names are looked for in the environment and in `.env`, and by `qtune check` in what Python code
            sets for itself; the values are not read. Which
            versions of `transformers` and `huggingface_hub` are installed is taken into account. Where the
            name of today is set as well, nothing is said.

            In `requirements.txt` and `pyproject.toml`, `qtune check` and the editor look for the package
            `hf_transfer` beside versions of huggingface_hub or transformers that do without it.
            """,
            """
            在环境变量和 `.env` 中查找这五个名称（`qtune check` 还会查看 Python 代码自行设置的变量），
            不读取其值，并考虑已安装的 `transformers` 和
            `huggingface_hub` 的版本。如果新名称也已设置，则不报告。

            在 `requirements.txt` 和 `pyproject.toml` 中，`qtune check` 和编辑器会查找 `hf_transfer` 这个包：
            只有同时要求的 huggingface_hub 或 transformers 版本确定不再使用它时才会报告。
            """,
        ),
        mend=prose(
            """
            | old | today |
            |---|---|
            | `HF_HUB_ENABLE_HF_TRANSFER` | nothing; on a fast line with 64 GB of memory `HF_XET_HIGH_PERFORMANCE=1` |
            | `TRANSFORMERS_CACHE`, `HUGGINGFACE_HUB_CACHE` | `HF_HUB_CACHE` |
            | `HUGGING_FACE_HUB_TOKEN` | `HF_TOKEN` |
            | `MODELSCOPE_DOMAIN` | `MODELSCOPE_ENDPOINT` |

            `qtune doctor --fix` renames them in `.env`. In the shell, change the line in `~/.bashrc` or
            `~/.zshrc`.
            """,
            """
            | 旧 | 现在 |
            |---|---|
            | `HF_HUB_ENABLE_HF_TRANSFER` | 无需设置；高速网络且内存不少于 64 GB 时可用 `HF_XET_HIGH_PERFORMANCE=1` |
            | `TRANSFORMERS_CACHE`、`HUGGINGFACE_HUB_CACHE` | `HF_HUB_CACHE` |
            | `HUGGING_FACE_HUB_TOKEN` | `HF_TOKEN` |
            | `MODELSCOPE_DOMAIN` | `MODELSCOPE_ENDPOINT` |

            `qtune doctor --fix` 会在 `.env` 中改名。如果写在 shell 里，请修改 `~/.bashrc` 或 `~/.zshrc` 中的那一行。
            """,
        ),
        verify=prose(
            """
            Nothing should be printed:

            ```bash
            env | grep -E '^(HF_HUB_ENABLE_HF_TRANSFER|TRANSFORMERS_CACHE|HUGGINGFACE_HUB_CACHE|MODELSCOPE_DOMAIN)='
            qtune doctor --only HUB211
            ```
            """,
            """
            第一条命令不应输出任何内容：

            ```bash
            env | grep -E '^(HF_HUB_ENABLE_HF_TRANSFER|TRANSFORMERS_CACHE|HUGGINGFACE_HUB_CACHE|MODELSCOPE_DOMAIN)='
            qtune doctor --only HUB211
            ```
            """,
        ),
        sources=(
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
            "https://github.com/huggingface/transformers/pull/27564",
        ),
    ),
)
