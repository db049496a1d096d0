"""Whose token it is, from Hugging Face's whoami-v2. OAuth tokens lack most of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtune.core.hub.interface import Identity


def identity_of(profile: Mapping[str, Any]) -> Identity:
    auth = profile.get("auth")
    auth = auth if isinstance(auth, dict) else {}
    token = auth.get("accessToken")
    token = token if isinstance(token, dict) else {}
    fine = token.get("fineGrained")
    fine = fine if isinstance(fine, dict) else {}
    scoped = fine.get("scoped")
    names = [
        entity.get("name")
        for scope in (scoped if isinstance(scoped, list) else [])
        if isinstance(scope, dict) and isinstance(entity := scope.get("entity"), dict)
    ]
    role = token.get("role") or ("oauth" if "oauth" in str(auth.get("type", "")) else "")
    can = fine.get("canReadGatedRepos")
    return Identity(
        valid=True,
        name=str(profile.get("name", "")),
        role=str(role),
        can_read_gated=can if isinstance(can, bool) else (False if fine else None),
        scopes=tuple(name for name in names if isinstance(name, str)),
    )
