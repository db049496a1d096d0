"""Certificates for loopback origins: good ones under an authority of our own, and bad ones."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.hub import official

NAMES = ("localhost", "hf.co", "www.modelscope.cn", "www.modelscope.ai", *official.HOSTS.values())

Flaw = Literal["none", "expired", "not-yet-valid", "wrong-host", "self-signed"]


@dataclass(frozen=True)
class Identity:
    """What an https origin shows, and the CA file that makes a client trust it."""

    context: ssl.SSLContext
    ca_file: Path


def make_identity(folder: Path, flaw: Flaw = "none") -> Identity:
    """`self-signed` has no authority at all; its `ca_file` still holds the untrusting authority."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _leaf(key, authority_key, authority.subject, flaw)
    chain = [certificate] if flaw == "self-signed" else [certificate, authority]
    ca_file, chain_file = folder / "ca.pem", folder / "chain.pem"
    ca_file.write_bytes(_pem(authority))
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain_file.write_bytes(secret + b"".join(map(_pem, chain)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain_file)
    return Identity(context, ca_file)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("qtune test authority")
    return (
        _builder(name, name, key, timedelta(days=-1), timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    key: ec.EllipticCurvePrivateKey,
    authority_key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    flaw: Flaw,
) -> x509.Certificate:
    start, end = {
        "expired": (timedelta(days=-20), timedelta(days=-10)),
        "not-yet-valid": (timedelta(days=10), timedelta(days=20)),
    }.get(flaw, (timedelta(days=-1), timedelta(days=20)))
    names: list[x509.GeneralName] = [x509.DNSName("elsewhere.example")]
    if flaw != "wrong-host":
        names = [*map(x509.DNSName, NAMES), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        names.append(x509.IPAddress(ipaddress.ip_address("::1")))
    subject = _name("qtune test hub")
    signer = key if flaw == "self-signed" else authority_key
    return (
        _builder(subject, subject if flaw == "self-signed" else issuer, key, start, end)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    start: timedelta,
    end: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + start)
        .not_valid_after(now + end)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
