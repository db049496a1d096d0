"""Whose token it is, from Hugging Face's whoami-v2. OAuth tokens lack most of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qtune.core.hub.interface import Grant, Identity


def identity_of(profile: Mapping[str, Any]) -> Identity:
    auth = profile.get("auth")
    auth = auth if isinstance(auth, dict) else {}
    token = auth.get("accessToken")
    token = token if isinstance(token, dict) else {}
    fine = token.get("fineGrained")
    fine = fine if isinstance(fine, dict) else {}
    grants = _grants(fine.get("scoped"))
    role = token.get("role") or ("oauth" if "oauth" in str(auth.get("type", "")) else "")
    can = fine.get("canReadGatedRepos")
    return Identity(
        valid=True,
        name=str(profile.get("name", "")),
        role=str(role),
        can_read_gated=can if isinstance(can, bool) else (False if fine else None),
        scopes=tuple(grant.entity for grant in grants),
        grants=grants,
        orgs=tuple(_names(profile.get("orgs"))),
    )


def _grants(scoped: object) -> tuple[Grant, ...]:
    return tuple(
        Grant(name, tuple(p for p in _list(scope.get("permissions")) if isinstance(p, str)))
        for scope in _list(scoped)
        if isinstance(scope, dict)
        for name in _names([scope.get("entity")])
    )


def _names(entries: object) -> Iterator[str]:
    for entry in _list(entries):
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str):
            yield name


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
