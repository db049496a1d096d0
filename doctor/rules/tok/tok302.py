"""TOK302: a token with something around it or inside it that does not belong to it."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, TokenFact, known
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import glued, span_of
from qtune.doctor.rules.tok.held import accepted, called, counting, hubs, key_of, severity
from qtune.doctor.rules.tok.words import MASKED, TOKEN_DOCS, VERIFY
from qtune.doctor.rules.words import amid, joined, prose

_EXTRA = {
    "quotes": Text("has quotes inside the value", "的值里含有引号"),
    "whitespace": Text("has spaces or a line end inside the value", "的值里含有空格或换行"),
    "invisible": Text(
        "holds characters that cannot be seen or are not ASCII", "含有看不见的字符或非 ASCII 字符"
    ),
    "bearer_prefix": Text('begins with the word "Bearer"', "以 “Bearer” 开头"),
}


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        token = counting(source, facts)
        extra = _EXTRA.get(token.shape) if token is not None else None
        if token is None or extra is None:
            continue
        where, name = token.origin.describe(), called(token, source)
        file = token.origin.path is not None and token.origin.line is None
        example = "ms-…" if source.kind == "modelscope" else "hf_…"
        alone = example if file else f"{key_of(source)}={example}"
        # qtune trims what it reads; other programs that read the same place do not.
        works = accepted(source, facts)
        yield Finding(
            "TOK302",
            Severity.WARNING if works else severity(source, facts),
            Text(f"{name.en} {extra.en}", f"{name.zh}{extra.zh}"),
            because=glued(token.origin, facts),
            span=span_of(token.origin, facts),
            fix=_fix(token, where, alone, facts),
            source=source.name,
        )


def _fix(token: TokenFact, where: Text, alone: str, facts: Facts) -> Fix:
    title = Text(
        f"In {where.en}, write the token alone: {alone}",
        f"在{amid(where)}中只写 Token 本身：{alone}",
    )
    envfile = known(facts.envfile)
    if envfile is not None and envfile.path == str(token.origin.path):
        for entry in envfile.entries:
            if entry.line == token.origin.line and entry.strays:
                line, path = entry.line, envfile.path
                edits = tuple(Edit(Span(path, line, a, line, b), "") for a, b in entry.strays)
                return Fix(title, Applicability.UNSAFE, edits=edits)
    return Fix(title, Applicability.MANUAL)


RULE = Rule(
    "TOK302",
    "token-has-extra-characters",
    Severity.ERROR,
    Text("The token has extra characters", "Token 里混入了多余的字符"),
    Page(
        what=prose(
            """
            The value holds more than the token: quotes, spaces, a line end, an invisible character that came
            with copy and paste, or the word `Bearer` in front.
            """,
            """
            值里除了 Token 还有别的东西：引号、空格、换行、复制粘贴时带进来的不可见字符，或前面的 `Bearer` 一
            词。
            """,
        ),
        why=prose(
            """
            The clients trim spaces and line ends, but not quotes: the token then is a wrong one, and the
            answer is 401. A zero-width space or a curly quote crashes Python's client with
            `UnicodeEncodeError`, and a line end gives `Illegal header value b'Bearer …'`, before any request
            leaves. Programs differ, so a token that works in one fails in the next: `docker run --env-file`
            keeps quotes, python-dotenv strips them.
            """,
            """
            客户端会去掉首尾的空格和换行，但不会去掉引号：这样得到的是错误的 Token，结果就是 401。零宽空格或弯
            引号会让 Python 客户端在发出请求之前就以 `UnicodeEncodeError` 崩溃，换行则会报
            `Illegal header value b'Bearer …'`。各程序的处理方式不同，同一个 Token 在这里能用、换个程序就失
            败：`docker run --env-file` 会保留引号，python-dotenv 则会去掉。
            """,
        ),
        detect=joined(
            prose(
                """
                By looking at the characters of the value, on this machine. It is an error while the hub does
                not accept the token, and a warning where it does.
                """,
                "在本机检查值里的字符。平台不接受该 Token 时是错误，接受时只是警告。",
            ),
            MASKED,
        ),
        mend=prose(
            """
            Write the token alone. If you cannot see the culprit, delete the whole line and type the key by
            hand:

            ```
            HF_TOKEN=hf_...
            ```

            qtune does not do this itself: a report holds no token, so nobody can check what such a repair
            would write.
            """,
            """
            只写 Token 本身。如果看不出问题在哪，就把整行删掉，手动输入键名再粘贴：

            ```
            HF_TOKEN=hf_...
            ```

            qtune 不会自动修改：报告里没有 Token，也就没有人能核对自动修改的结果。
            """,
        ),
        verify=VERIFY,
        sources=(
            TOKEN_DOCS,
            "https://github.com/openai/openai-python/issues/961",
            "https://github.com/sgl-project/sglang/pull/38715",
        ),
    ),
    needs=("tokens", "identity", "gate", "envfile"),
    judge=_judge,
)
