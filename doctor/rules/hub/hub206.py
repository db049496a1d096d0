"""HUB206: the host of the large files gives the whole file where a part was asked for."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceFact, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    todo = listing(facts)
    if todo is not None and not todo.missing:
        return
    for source in facts.sources:
        speed = known(facts.speed.get(source.name))
        if speed is None or speed.single.ranges is not False:
            continue
        via = _proxy(facts, source)
        yield Finding(
            "HUB206",
            Severity.WARNING,
            Text(
                f"{source.titled}: {speed.host} ignores the range asked for and sends {speed.path} from its "
                "beginning, so a download that breaks off starts again, over one connection",
                f"{source.titled}：{speed.host} 忽略所请求的字节范围，总是从头发送 {speed.path}，"
                "因此下载中断后只能重来，也无法使用多个连接",
            ),
            (Text(f"through the proxy {via}", f"经由代理 {via}"),) if via else (),
            fix=switch_source(facts, source.name) or _mend(speed.host, via),
            source=source.name,
        )


def _proxy(facts: Facts, source: SourceFact) -> str:
    storage = known(facts.storage.get(source.name))
    return storage.proxy.url if storage is not None and storage.proxy is not None else ""


def _mend(host: str, via: str) -> Fix:
    if via:
        return manual(
            f"The proxy may be what drops the range: try {host} without it (NO_PROXY={host})",
            f"可能是代理去掉了范围请求：试试不经代理访问 {host}（NO_PROXY={host}）",
        )
    return manual(
        "Use another source, or let the download run in one go; finished files are kept",
        "换一个下载源，或让下载一次跑完；已完成的文件会保留",
    )


RULE = Rule(
    code="HUB206",
    name="range-support",
    severity=Severity.WARNING,
    title=Text("The host does not serve parts of a file", "该主机不支持按范围下载"),
    needs=("speed", "storage", "listing"),
    judge=judge,
    page=Page(
        what=prose(
            """
            A part of the weights was asked for (`Range: bytes=…`), and the answer was the whole file from its
            beginning (status 200), or another part than the one asked for.
            """,
            """
            请求的是权重文件的一部分（`Range: bytes=…`），得到的却是从头开始的整个文件（状态码 200），
            或者是另一段内容。
            """,
        ),
        why=prose(
            """
            Large files are fetched in parts: that is how a download goes on after it broke off, and how several
            connections share one file. Without parts the whole file is sent again after each interruption (what
            came is kept, and skipped), and where every single connection is throttled nothing can be done about
            it. qtune notices it and falls back to one connection and the whole file; files that are finished are
            not fetched again.
            """,
            """
            大文件都是分段下载的：这样中断后才能续传，多个连接才能分担同一个文件。
            不支持分段时，每次中断都要重新下载该文件，单个连接被限速时也毫无办法。
            qtune 会察觉这一点并改用单连接下载整个文件；已完成的文件不会重新下载。
            """,
        ),
        detect=prose(
            """
            The speed probe asks for a part of the largest file anyway, and looks at the status (206) and at
            `Content-Range`. Nothing more is asked for; with `--no-speed` this check is not made.
            """,
            """
            测速时本来就会请求最大文件的一部分，此时查看状态码（206）和 `Content-Range`，不另发请求；
            使用 `--no-speed` 时不做此检查。
            """,
        ),
        mend=prose(
            """
            Hugging Face's and ModelScope's own hosts serve ranges. Where they seem not to, something in between
            is to blame: a proxy that scans or caches downloads, or a mirror. Take the mirror out, or go around
            the proxy for that host, or use the other hub:

            ```
            USE_MODELSCOPE=True
            ```
            """,
            """
            Hugging Face 和 ModelScope 自己的主机都支持范围请求。如果看起来不支持，问题出在中间环节：
            扫描或缓存下载内容的代理，或者镜像。请去掉镜像，让该主机不经代理，或者换用另一个下载源：

            ```
            USE_MODELSCOPE=True
            ```
            """,
        ),
        verify=prose(
            """
            A host that serves parts answers 206:

            ```bash
            curl -sIL -r 0-0 -o /dev/null -w '%{http_code}\\n' \\
              https://huggingface.co/Qwen/Qwen3-4B/resolve/main/model-00001-of-00003.safetensors
            qtune doctor --only HUB206
            ```
            """,
            """
            支持分段的主机返回 206：

            ```bash
            curl -sIL -r 0-0 -o /dev/null -w '%{http_code}\\n' \\
              https://huggingface.co/Qwen/Qwen3-4B/resolve/main/model-00001-of-00003.safetensors
            qtune doctor --only HUB206
            ```
            """,
        ),
        sources=(
            "https://www.rfc-editor.org/rfc/rfc9110#name-range-requests",
            "https://github.com/modelscope/modelscope/issues/1518",
        ),
    ),
)
