"""TOK304: different tokens in several places, of which only one counts."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import Facts, TokenFact
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import accepted, hubs, key_of, tokens_for, turned_down
from qtune.doctor.rules.tok.words import MASKED, TAKE_AWAY, VERIFY, WHICH_COUNTS
from qtune.doctor.rules.words import amid, joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        tokens = tokens_for(source, facts)
        if tokens is None or not tokens.found:
            continue
        winner = tokens.found[0]
        hidden = [one for one in tokens.found if one.fingerprint != winner.fingerprint]
        if not hidden:
            continue
        hub, where = source.title, winner.origin.describe()
        bad = turned_down(source, facts) is not None
        follows = "TOK312" if source.kind == "modelscope" else "TOK303"
        places = [token.origin for token in (winner, *hidden)]
        yield Finding(
            "TOK304",
            Severity.INFO if accepted(source, facts) else Severity.WARNING,
            Text(
                f"there are different {hub} tokens; the one from {where.en} counts",
                f"有多个不同的 {hub} Token；生效的是来自{amid(where)}的那个",
            ),
            evidence=tuple(_line(token, token is winner) for token in (winner, *hidden)),
            because=follows if bad else None,
            span=next((span for at in places if (span := span_of(at, facts)) is not None), None),
            fix=_fix(winner, key_of(source)),
            source=source.name,
        )


def _line(token: TokenFact, counts: bool) -> Text:
    where = token.origin.describe()
    if counts:
        return Text(
            f"{token.masked} from {where.en}: counts", f"{token.masked}，来自{amid(where)}：生效"
        )
    return Text(
        f"{token.masked} from {where.en}: never used",
        f"{token.masked}，来自{amid(where)}：不会被用到",
    )


def _fix(winner: TokenFact, key: str) -> Fix:
    unset = winner.origin.level is Level.ENVIRON
    return Fix(
        Text("Keep one of them, and remove the others", "只保留一个，删除其余的"),
        Applicability.MANUAL,
        command=f"unset {winner.origin.name or key}" if unset else "",
    )


RULE = Rule(
    "TOK304",
    "token-source-conflict",
    Severity.WARNING,
    Text("Different tokens in several places", "多处存在不同的 Token"),
    Page(
        what=prose(
            """
            Tokens for the same hub were found in several places, and they are not the same. Only one of them
            is ever sent.
            """,
            "同一平台的 Token 在多个地方都有，而且各不相同。真正会发送的只有其中一个。",
        ),
        why=prose(
            """
            The one that counts may be the old one. A typical case: `hf auth login` succeeds, downloads still
            fail with `401 Invalid user token`, because an `HF_TOKEN` set long ago in `.bashrc` goes before
            the file of the login.
            """,
            """
            生效的可能是旧的那个。典型情况：`hf auth login` 成功了，下载仍报 `401 Invalid user token`，因为很
            久以前写在 `.bashrc` 里的 `HF_TOKEN` 优先于登录时写下的文件。
            """,
        ),
        detect=joined(
            prose(
                """
                By comparing fingerprints. It is only a note when the token that counts is accepted by the
                hub, and it is folded under the bad token when it is not.
                """,
                "比较各个 Token 的指纹。生效的 Token 能用时只作提示；不能用时则归到那个坏 Token 之下。",
            ),
            MASKED,
        ),
        mend=joined(WHICH_COUNTS, TAKE_AWAY),
        verify=VERIFY,
        sources=(
            "https://github.com/huggingface/huggingface_hub/issues/2586",
            "https://github.com/huggingface/huggingface_hub/issues/2765",
        ),
    ),
    needs=("tokens", "identity", "gate", "envfile"),
    judge=_judge,
)
