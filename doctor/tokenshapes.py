"""What looks like a hub's token, and which of these are real and not examples: rules of thumb, in one place."""

from __future__ import annotations

import re

from qtune.doctor.facts.tokens import Hub

UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
PATTERN = f"(hf_|api_org_)[A-Za-z0-9]{{30,}}|ms-{UUID}"
"""For `git grep -E` as well."""

# An example repeats itself or says what it is, a token is 34 letters drawn by lot.
_DISTINCT = 12
_LONGEST = 64
_EXAMPLE = re.compile(r"xxxx|1234567|abcdefg|example|your|token|placeholder|dummy|fake|test", re.I)


def is_real(text: str) -> bool:
    """Of a text that fits PATTERN."""
    if re.fullmatch(UUID, text) or len(text) > _LONGEST or _EXAMPLE.search(text):
        return False
    return len(set(text.rpartition("_")[2])) >= _DISTINCT or text.startswith("ms-")


def hub_of(text: str) -> Hub:
    return "modelscope" if text.startswith("ms-") else "huggingface"
