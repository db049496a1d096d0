"""A pull request from a fork gets no secrets from the CI service: what only a token could show is not judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtune.core.hub.interface import AccessState
from qtune.doctor.facts import Facts, Unknown, known
from qtune.doctor.outcome import NO_SECRETS

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
    for source in facts.sources:
        tokens, gate = known(facts.tokens.get(source.name)), known(facts.gate.get(source.name))
        if tokens is None or tokens.found or gate is None:
            continue
        if gate.access.state in _NEEDS_A_TOKEN:
            facts = _withheld(facts, source.name)
    return facts


def _withheld(facts: Facts, source: str) -> Facts:
    """The gate of this hub, its refused listing, and what waited for them, as not looked at."""
    rows: dict[str, Mapping[str, Any]] = {
        name: row for name, row in vars(facts).items() if isinstance(row, Mapping) and source in row
    }
    stopped = ["gate"]
    listing = rows.get("listing", {}).get(source)
    if isinstance(listing, Unknown) and listing.reason in ("absent", "refused"):
        stopped.append("listing")
    for blocker in stopped:  # grows while what waited is found
        for name, row in rows.items():
            fact = row[source]
            waited = isinstance(fact, Unknown) and fact.reason == "skipped"
            if waited and name not in stopped and fact.detail.partition(".")[0] == blocker:
                stopped.append(name)
    changed: dict[str, Any] = {
        name: {**rows[name], source: Unknown("skipped", NO_SECRETS, rows[name][source].took_ms)}
        for name in stopped
    }
    return replace(facts, **changed)
