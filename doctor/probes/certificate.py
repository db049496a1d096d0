"""Who issued a certificate, read from its DER, also where nobody vouches for it."""

from __future__ import annotations

from collections.abc import Iterator

_ORGANISATION = bytes.fromhex("55040a")  # 2.5.4.10
_COMMON_NAME = bytes.fromhex("550403")  # 2.5.4.3


def issuer(der: bytes) -> str:
    """The issuer's organisation, else its common name; "" where there is neither, or no certificate."""
    try:
        return _issuer(der)
    except (ValueError, IndexError, StopIteration):
        return ""


def _issuer(der: bytes) -> str:
    certificate = next(_elements(der))[1]
    fields = list(_elements(next(_elements(certificate))[1]))
    if fields[0][0] == 0xA0:  # the version is explicit but for version 1
        fields = fields[1:]
    names: dict[bytes, str] = {}
    for _, group in _elements(fields[2][1]):  # after the serial number and the algorithm
        for _, pair in _elements(group):
            (_, kind), (tag, text) = list(_elements(pair))[:2]
            encoding = {0x1E: "utf-16-be", 0x14: "latin-1"}.get(tag, "utf-8")
            names.setdefault(kind, text.decode(encoding, "replace"))
    found = names.get(_ORGANISATION) or names.get(_COMMON_NAME) or ""
    return "".join(c for c in found if c.isprintable())[:100]


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of one element after the other."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            size = length & 0x7F
            if not 0 < size <= 4:
                raise ValueError("a length that DER does not have")
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("cut off")
        yield tag, data[position : position + length]
        position += length
