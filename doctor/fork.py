"""A pull request from a fork gets no secrets from the CI service: what only a token could show is not judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtune.core.hub.interface import AccessState
from qtune.doctor.facts import Facts, Known, Tokens, Unknown, known

NO_SECRETS = "a pull request from a fork has no secrets"
_LARGEST_EVENT = 4 << 20
_NEEDS_A_TOKEN = (AccessState.GATED_NO_TOKEN, AccessState.MISSING_OR_PRIVATE)


def from_fork(environ: Mapping[str, str]) -> bool:
    """As GitHub's event file and GitLab's variables tell; False where they do not."""
    if environ.get("GITHUB_ACTIONS") == "true" and environ.get("GITHUB_EVENT_PATH"):
        return _github(Path(environ["GITHUB_EVENT_PATH"]))
    source = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
    # The pipeline runs in the fork itself, or in the project that the merge request goes to.
    others = (environ.get("CI_PROJECT_ID", ""), environ.get("CI_MERGE_REQUEST_PROJECT_ID", ""))
    return bool(source) and any(other and other != source for other in others)


def _github(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            data = file.read(_LARGEST_EVENT + 1)
        event = json.loads(data) if len(data) <= _LARGEST_EVENT else None
    except (OSError, ValueError, RecursionError):
        return False
    head, base = _repository(event, "head"), _repository(event, "base")
    if base is None:
        return False  # no pull request
    if head is None:
        return True  # the fork has been deleted meanwhile
    if head.get("full_name") and base.get("full_name"):
        # A repository that is a fork itself keeps its secrets for its own branches.
        return bool(head["full_name"] != base["full_name"])
    return head.get("fork") is True


def _repository(event: Any, side: str) -> dict[str, Any] | None:
    for key in ("pull_request", side, "repo"):
        event = event.get(key) if isinstance(event, dict) else None
    return event if isinstance(event, dict) else None


def excused(facts: Facts) -> Facts:
    """Where no token was found and a hub asks for one, it is not known what a token would have shown."""
    changed = facts
    for source in facts.sources:
        tokens, gate = facts.tokens.get(source.name), facts.gate.get(source.name)
        if not isinstance(tokens, Known) or _any(tokens.value):
            continue
        access = known(gate)
        if gate is not None and access is not None and access.access.state in _NEEDS_A_TOKEN:
            row = {**changed.gate, source.name: Unknown("skipped", NO_SECRETS, gate.took_ms)}
            changed = replace(changed, gate=row)
            listing = facts.listing.get(source.name)
            if isinstance(listing, Unknown) and listing.reason in ("absent", "refused"):
                rows = {**changed.listing, source.name: Unknown("skipped", NO_SECRETS)}
                changed = replace(changed, listing=rows)
    return changed


def _any(tokens: Tokens) -> bool:
    return bool(tokens.found)
