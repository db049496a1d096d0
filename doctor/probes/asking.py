"""Asking a hub on behalf of a probe: within the probe's time, and every refusal as an Unknown."""

from __future__ import annotations

from dataclasses import replace

from qtune.core.errors import NotFound, QtuneError, Refused, Unreachable, UsageError
from qtune.core.hub.interface import Hub
from qtune.core.hub.open import open_hub
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.doctor.context import Context
from qtune.doctor.facts import Unknown, UnknownReason

_PATIENCE = "HF_HUB_ETAG_TIMEOUT"  # what core.hub allows for one short answer


def hub_of(context: Context, source: Source, seconds: int) -> Hub:
    """The hub, with at most `seconds` for one short answer: a probe has less time than a download."""
    settings = context.settings
    if settings.number(_PATIENCE) > seconds:
        value = replace(settings[_PATIENCE], text=str(seconds), problem=None)
        settings = Settings(
            {**settings.values, _PATIENCE: value}, settings.envfile, settings.shadowed
        )
    return open_hub(source, settings, context.client)


_REASONS: dict[str, UnknownReason] = {
    "dns": "dns",
    "tcp": "refused",
    "tls": "tls",
    "proxy": "proxy",
    "timeout": "timeout",
}


def unknown(error: QtuneError) -> Unknown:
    """What could not be had, and why, in the error's own words."""
    reason: UnknownReason = "http"
    if isinstance(error, Unreachable):
        reason = _REASONS.get(error.stage, "http")
    elif isinstance(error, NotFound | UsageError):
        reason = "absent"
    elif isinstance(error, Refused):
        reason = "limited" if error.status == 429 else "refused"
    elif error.code == "HUB205":  # a mirror that only sends on, which the gate's rule tells
        reason = "refused"
    elif error.code in ("NET106", "NET107"):
        reason = "proxy"
    return Unknown(reason, redact(error.message.en))
