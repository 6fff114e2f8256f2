"""A receipt of erasure that anybody can check: canonical JSON, signed with Ed25519."""

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from shared.errors import InvalidRequest
from shared.privacy.canonical import canonical

ALGORITHM = "Ed25519"


def sign(facts: dict[str, Any], seed: bytes) -> dict[str, str]:
    """`receipt` is signed as it stands there, byte for byte."""
    text = canonical(facts)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return {
        "receipt": text,
        "signature": b64encode(key.sign(text.encode())).decode(),
        "keyId": key_id(public_key(seed)),
        "algorithm": ALGORITHM,
    }


def public_key(seed: bytes) -> str:
    """PEM."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id(pem: str) -> str:
    return sha256(pem.encode()).hexdigest()[:16]


def valid(signed: dict[str, Any], pem: str) -> bool:
    """Whether the receipt is, to the last byte, what the holder of the key signed. Raises InvalidRequest for what is no receipt."""
    key = load_pem_public_key(pem.encode())
    try:
        text, signature = signed["receipt"].encode(), b64decode(signed["signature"], validate=True)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise InvalidRequest("this is no receipt: it needs the texts receipt and signature", "receipt") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidRequest("this is no Ed25519 key", "key")
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True
