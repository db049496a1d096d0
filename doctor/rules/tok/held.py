"""Tokens as the facts tell of them: which one counts, what the hub says of it, how to take it away."""

from __future__ import annotations

from collections.abc import Iterator

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import AccessState
from qtune.core.origin import Level
from qtune.core.sources import same_owner
from qtune.core.text import Text
from qtune.core.trust import names
from qtune.doctor.facts import (
    Facts,
    SettingFact,
    SourceFact,
    TokenFact,
    TokenLine,
    Tokens,
    known,
)
from qtune.doctor.finding import Applicability, Fix, Severity

_OFFICIAL = {"huggingface": "https://huggingface.co", "modelscope": "https://modelscope.cn"}
# Of a fine-grained token, as whoami-v2 names them.
WRITES = frozenset({"repo.write"})
_READS = frozenset({"repo.content.read", "repo.write"})


def hubs(facts: Facts) -> Iterator[SourceFact]:
    """The hubs that may be given a token: every source save the mirrors."""
    return (source for source in facts.sources if source.kind != "mirror")


def key_of(source: SourceFact) -> str:
    """The setting that holds this hub's token."""
    return "MODELSCOPE_API_TOKEN" if source.kind == "modelscope" else "HF_TOKEN"


def called(token: TokenFact, source: SourceFact) -> Text:
    """The token as the subject of a sentence: the variable or the line that holds it."""
    where, key = token.origin.describe(), key_of(source)
    if token.origin.line is not None:
        return Text(f"{key} in {where.en}", f"{where.zh}的 {key} ")
    if token.origin.path is not None:
        return Text(f"The token in {where.en}", f"{where.zh} 中的 Token ")
    return Text(where.en[:1].upper() + where.en[1:], f"{where.zh} ")


def misshapen(token: TokenFact) -> str | None:
    """The code that says why this can be no token; None where its shape is fine."""
    if token.shape == "ok":
        return None
    return "TOK301" if token.shape in ("placeholder", "other_hub", "malformed") else "TOK302"


def weak_ca(token: TokenFact, source: SourceFact, facts: Facts) -> SettingFact | None:
    """The CA file that keeps `token` at home: whoever named it is trusted less than the token's place."""
    ca = facts.setting("SSL_CERT_FILE")
    named = ca.origin.level is not Level.DEFAULT and bool(ca.value)
    secure = source.endpoint.startswith("https://")
    return ca if secure and named and ca.origin.level < token.origin.level else None


def tokens_for(source: SourceFact, facts: Facts) -> Tokens | None:
    return known(facts.tokens.get(source.name))


def counting(source: SourceFact, facts: Facts) -> TokenFact | None:
    """The token that would be sent, were it allowed to go."""
    tokens = tokens_for(source, facts)
    return tokens.found[0] if tokens is not None and tokens.found else None


def state(source: SourceFact, facts: Facts) -> AccessState | None:
    gate = known(facts.gate.get(source.name))
    return gate.access.state if gate is not None else None


def turned_down(source: SourceFact, facts: Facts) -> str | None:
    """The hub's own words where it says that the token is no good ("" when it says no more than that)."""
    identity = known(facts.identity.get(source.name))
    gate = known(facts.gate.get(source.name))
    if identity is not None and not identity.valid:
        return identity.message
    if gate is not None and gate.access.state is AccessState.BAD_TOKEN:
        return gate.access.message
    return None


def accepted(source: SourceFact, facts: Facts) -> bool:
    identity = known(facts.identity.get(source.name))
    return identity is not None and identity.valid and turned_down(source, facts) is None


def severity(source: SourceFact, facts: Facts) -> Severity:
    """A bad token is an error, unless the files can be read all the same."""
    readable = state(source, facts) is AccessState.GRANTED
    return Severity.WARNING if readable else Severity.ERROR


def trusted(source: SourceFact, facts: Facts) -> bool:
    """Is the address the hub's own, or one that the user named in QTUNE_TRUSTED_HOSTS?"""
    hosts = facts.setting("QTUNE_TRUSTED_HOSTS").value
    return source.official or names(hosts, source.endpoint)


def kept_back(source: SourceFact, facts: Facts) -> bool:
    """Is it the switch alone that keeps a token from a hub which may have it?"""
    tokens = tokens_for(source, facts)
    return tokens is not None and bool(tokens.found) and tokens.disabled and trusted(source, facts)


def unread(source: SourceFact, facts: Facts) -> TokenLine | None:
    """A token in a `.env` that does not count, where none that counts was found and the hub wants one."""
    tokens, dotenvs = tokens_for(source, facts), known(facts.dotenvs)
    if tokens is None or tokens.found or dotenvs is None or source.kind == "mirror":
        return None
    wanted = state(source, facts) in (AccessState.GATED_NO_TOKEN, AccessState.MISSING_OR_PRIVATE)
    return dotenvs.token_for(source.kind) if wanted or facts.goal.kind == "push" else None


def out_of_scope(source: SourceFact, facts: Facts) -> bool:
    """Does a fine-grained token leave out a repository that its account may well see?"""
    identity, gate = known(facts.identity.get(source.name)), known(facts.gate.get(source.name))
    if identity is None or not identity.valid or identity.role != "fineGrained" or gate is None:
        return False
    hidden = gate.access.state is AccessState.MISSING_OR_PRIVATE and gate.access.sent_token
    model = facts.goal.model
    owner = model.partition("/")[0]
    covered = any(
        grant.entity in (model, owner) and _READS & set(grant.permissions)
        for grant in identity.grants
    )
    return hidden and owner in (identity.name, *identity.orgs) and not covered


def home(source: SourceFact, facts: Facts) -> str:
    """The site on which one logs in: a mirror has no accounts, so for one it is the official hub."""
    kind = "modelscope" if source.kind == "modelscope" else "huggingface"
    return source.endpoint if trusted(source, facts) else _OFFICIAL[kind]


def token_page(source: SourceFact, facts: Facts) -> str:
    """Where tokens are made."""
    path = "/my/myaccesstoken" if source.kind == "modelscope" else "/settings/tokens"
    return home(source, facts) + path


def needs_no_token(facts: Facts) -> bool:
    """Is the model known to be open? Only for owners in our own table of the same owners on both hubs."""
    return same_owner(facts.goal.model)


def without(
    token: TokenFact, source: SourceFact, title: Text, applicability: Applicability, url: str = ""
) -> Fix:
    """The fix that takes `token` away from where it stands."""
    origin = token.origin
    if origin.level is Level.FLAG or (origin.path is not None and origin.line is None):
        command = "hf auth logout" if origin.path is not None else ""
        return Fix(title, Applicability.MANUAL, command=command, url=url)
    # In the project's .env the key may be an older spelling; elsewhere qtune cannot write anyway.
    key = origin.name if origin.level is Level.PROJECT and origin.name else key_of(source)
    return Fix(title, applicability, patch=EnvPatch(unset=frozenset({key})), url=url)
