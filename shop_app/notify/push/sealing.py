"""What the standards ask of a push message: encrypted for one browser (RFC 8291), signed by this shop (VAPID, RFC 8292)."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

CURVE = ec.SECP256R1()
RECORD = 4096  # bytes: the one record that a message has
VALID_SECONDS = 12 * 3600  # of a signature; push services refuse more than a day


def encode(content: bytes) -> str:
    """Base64 for addresses, without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes again; ValueError where it is no such text."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_key(pem: bytes) -> str:
    """The public half, by which a browser knows that a message is from this shop."""
    return encode(_point(_private(pem).public_key()))


def is_browser_key(p256dh: str, auth: str) -> bool:
    """Whether these can be the keys of a browser: a point of the curve, and 16 bytes."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decode(p256dh))
        return len(decode(auth)) == 16
    except ValueError:
        return False


def seal(
    content: bytes, p256dh: str, auth: str, *, salt: bytes = b"", once: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """`content` as only the browser with these keys can read it. Salt and key are made for each message, but by tests."""
    salt, once = salt or os.urandom(16), once or ec.generate_private_key(CURVE)
    theirs, ours = decode(p256dh), _point(once.public_key())
    shared = once.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
    secret = _derived(shared, decode(auth), b"WebPush: info\0" + theirs + ours, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(key).encrypt(nonce, content + b"\2", None)  # 2: the last record, without padding
    return salt + RECORD.to_bytes(4, "big") + bytes([len(ours)]) + ours + sealed


def signature(pem: bytes, endpoint: str, contact: str, at: float) -> str:
    """The Authorization header for an endpoint; `contact` is where the push service finds who runs this shop."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(at) + VALID_SECONDS, "sub": contact}
    signed = ".".join(encode(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(_private(pem).sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token}, k={public_key(pem)}"


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key
