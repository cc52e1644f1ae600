"""The platform's own certificate authority for devices; its key never leaves the state folder.

A certificate's common name is an account of its own at the broker (``cab-0081_x`` and the end of
its number), so what one certificate may do ends with it, whatever else the device has.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gongfu.errors import CertificateError
from gongfu.secrets_file import write_private
from gongfu_fleet.domain.devices import Certificate, certificate_login

CERTIFICATE, KEY = "device-ca.pem", "device-ca.key"
CA_DAYS = 20 * 365
MOST_DAYS = 1825
# Devices' clocks are a little off; a certificate is good from a little before it was made.
_EARLY = timedelta(minutes=10)
_LONGEST_NAME = 64
_LEAST_RSA_BITS = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1)
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Signed(NamedTuple):
    """A certificate as PEM, and what the registry keeps of it."""

    pem: str
    facts: Certificate


@dataclass(frozen=True)
class Authority:
    """Signs devices' certificates and the list of those that ended."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> str:
        """Its own certificate, which brokers trust."""
        return _pem(self.certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its certificate, hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def ends(self) -> datetime:
        """Until when its certificates are good."""
        return self.certificate.not_valid_after_utc

    def issue(self, device: str, public: PublicKey, *, days: int, now_ms: int) -> Signed:
        """A certificate for one device. Raises CertificateError."""
        now = _time(now_ms)
        ends = now + timedelta(days=days)
        if not 1 <= days <= MOST_DAYS or ends > self.ends:
            most = min(MOST_DAYS, (self.ends - now).days)
            raise CertificateError(f"{days} days are not possible: choose 1 to {most}")
        number = x509.random_serial_number()
        login = certificate_login(device, _hex(number))
        if len(login) > _LONGEST_NAME:
            raise CertificateError(f"{device} is too long a name for a certificate: use a secret")
        made = (
            _builder(_name(login), public, number)
            .issuer_name(self.certificate.subject)
            .not_valid_before(max(now - _EARLY, self.certificate.not_valid_before_utc))
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )
        fingerprint = made.fingerprint(hashes.SHA256()).hex()
        # A certificate counts whole seconds.
        expires_ms = int(made.not_valid_after_utc.timestamp()) * 1000
        return Signed(_pem(made), Certificate(_hex(number), fingerprint, expires_ms))

    def revocations(self, serials: Iterable[str], known: str, now_ms: int) -> str:
        """The list of ended certificates as PEM; ``known`` again when it says the same."""
        wanted = {int(serial, 16) for serial in serials}
        if self._listed(known) == wanted:
            return known
        now = _time(now_ms)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(max(now - _EARLY, self.certificate.not_valid_before_utc))
            # It is made anew at every change: an end of its own would shut everybody out.
            .next_update(self.ends)
        )
        for number in sorted(wanted):
            entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        signed = builder.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def _listed(self, pem: str) -> set[int] | None:
        try:
            known = x509.load_pem_x509_crl(pem.encode())
        except ValueError:
            return None
        if not known.is_signature_valid(self.key.public_key()):
            return None
        return {entry.serial_number for entry in known}


def make_authority(state: Path, now_ms: int) -> Authority:
    """Make it, once. Raises CertificateError when there is one."""
    if (state / CERTIFICATE).exists():
        raise CertificateError(f"{state / CERTIFICATE} is there already: it is never made anew")
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = _name("Gongfu devices"), _time(now_ms)
    made = (
        _builder(name, key.public_key(), x509.random_serial_number())
        .issuer_name(name)
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The certificate comes last: it is the sign that the key is there.
    write_private(state / KEY, key_pem(key).encode())
    write_private(state / CERTIFICATE, _pem(made).encode())
    return Authority(made, key)


def load_authority(state: Path) -> Authority | None:
    """The one of this state folder, if there is one. Raises CertificateError."""
    if not (state / CERTIFICATE).exists():
        return None
    try:
        certificate = x509.load_pem_x509_certificate((state / CERTIFICATE).read_bytes())
        key = serialization.load_pem_private_key((state / KEY).read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise CertificateError(
            f"{state / KEY} cannot be read ({error}): restore it from a backup"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != (
        certificate.public_key()
    ):
        raise CertificateError(f"{state / KEY} is not the key of {CERTIFICATE}: restore both")
    return Authority(certificate, key)


def required_authority(state: Path) -> Authority:
    """The one of this state folder. Raises CertificateError."""
    found = load_authority(state)
    if found is None:
        raise CertificateError("there is no certificate authority: make one with 'gongfu ca init'")
    return found


def requested_key(request: bytes) -> PublicKey:
    """The public key of a device's own request (PEM). Its subject and wishes count for nothing.

    Raises CertificateError.
    """
    try:
        csr = x509.load_pem_x509_csr(request)
        held, public = csr.is_signature_valid, csr.public_key()
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise CertificateError(f"that is no certificate request in PEM: {error}") from error
    if not held:
        raise CertificateError("the request is not signed with its own key: make it anew")
    strong = (isinstance(public, ec.EllipticCurvePublicKey) and type(public.curve) in _CURVES) or (
        isinstance(public, rsa.RSAPublicKey) and public.key_size >= _LEAST_RSA_BITS
    )
    if not strong or not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise CertificateError("the request's key must be EC P-256 or P-384, or RSA of 2048 bits")
    return public


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key for a device that cannot make one itself."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """The key as PKCS #8, without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _builder(subject: x509.Name, public: PublicKey, number: int) -> x509.CertificateBuilder:
    identity = x509.SubjectKeyIdentifier.from_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public)
        .serial_number(number)
        .add_extension(identity, critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _hex(number: int) -> str:
    return f"{number:040x}"


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC)
