"""Refusals as the facts tell of them: of which hub, in whose words, and with which token."""

from __future__ import annotations

from collections.abc import Iterator

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Gate, SourceFact, known
from qtune.doctor.rules.tok.held import counting, home
from qtune.doctor.rules.words import amid


def refusals(facts: Facts, state: AccessState) -> Iterator[tuple[SourceFact, Gate]]:
    """Every source whose gate is in this state, in the order of the settings."""
    for source in facts.sources:
        gate = known(facts.gate.get(source.name))
        if gate is not None and gate.access.state is state:
            yield source, gate


def model_page(source: SourceFact, facts: Facts) -> str:
    """Where a person sees the model and accepts its licence."""
    between = "/models/" if source.kind == "modelscope" else "/"
    return f"{home(source, facts)}{between}{facts.goal.model}"


def evidence(source: SourceFact, gate: Gate, facts: Facts) -> tuple[Text, ...]:
    """What was asked and answered, and which token went along."""
    access = gate.access
    words = f': "{access.message}"' if access.message else ""
    zh_words = f"：“{access.message}”" if access.message else ""
    lines = [
        Text(
            f"{gate.path} from {source.endpoint}: status {access.status}{words}",
            f"从 {source.endpoint} 读取 {gate.path}：状态码 {access.status}{zh_words}",
        )
    ]
    token = counting(source, facts)
    if access.sent_token and token is not None:
        where = token.origin.describe()
        lines.append(
            Text(
                f"asked with the token {token.masked} from {where.en}",
                f"请求使用了来自{amid(where)}的 Token {token.masked}",
            )
        )
    return tuple(lines)
