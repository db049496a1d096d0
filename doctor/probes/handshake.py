"""The TLS handshake: who vouches for the other side, and how it fails."""

from __future__ import annotations

import ssl

from qtune.core.wire.dialling import kind_of
from qtune.core.wire.streams import Deadline, Ended, Stream, Tls

_VERIFY = {9: "not_yet", 10: "expired", 18: "self_signed", 62: "hostname", 64: "hostname"}
_PLAINTEXT = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")
OF_CERTIFICATES = frozenset({*_VERIFY.values(), "untrusted"})
OF_DATES = frozenset({"not_yet", "expired"})


def secured(below: Stream, context: ssl.SSLContext, host: str, until: Deadline) -> Tls:
    """Raises Ended: untrusted, self_signed, expired, not_yet, hostname, plaintext, reset, timeout, other."""
    tls = Tls(below, context, host)
    try:
        tls.handshake(until)
    except ssl.SSLCertVerificationError as error:
        kind = _VERIFY.get(error.verify_code, "untrusted")
        raise Ended(kind, error.verify_message) from error
    except OSError as error:
        raise _ended(error, until) from error
    return tls


def unverified(below: Stream, host: str, until: Deadline) -> Tls:
    """TLS with whoever it is: to read whose certificate nobody here trusts, never to send a secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    tls = Tls(below, context, host)
    tls.handshake(until)
    return tls


def _ended(error: OSError, until: Deadline) -> Ended:
    if kind_of(error) == "timeout":
        return Ended("timeout", f"no handshake {until.words()}")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or kind_of(error) == "reset":
        return Ended("reset", "the connection was cut during the handshake")
    reason = str(getattr(error, "reason", None) or "")
    if reason in _PLAINTEXT:
        return Ended("plaintext", "the answer is not encrypted")
    return Ended("other", reason.replace("_", " ").lower() or str(error))
