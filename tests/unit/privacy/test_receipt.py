"""Receipts: one text for the same facts, and a signature that openssl verifies."""

import shutil
import subprocess
from base64 import b64decode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from shared.errors import InvalidRequest
from shared.privacy.canonical import canonical
from shared.privacy.receipt import key_id, public_key, sign, valid

SEED = sha256(b"a secret").digest()
FACTS = {"b": 1, "a": {"z": ["ü", None], "y": 2.5}}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=4)
    ),
)


def shuffled(value):
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(list(value))}
    return [shuffled(part) for part in value] if isinstance(value, list) else value


@given(JSON)
def test_the_same_facts_are_the_same_text_and_come_back_from_it(facts):
    text = canonical(facts)
    assert canonical(shuffled(facts)) == text == canonical(json.decode(text.encode()))


def test_canonical_text_is_sorted_and_without_white_space():
    assert canonical(FACTS) == '{"a":{"y":2.5,"z":["ü",null]},"b":1}'
    with pytest.raises(ValueError):
        canonical({"a": float("nan")})


def test_a_receipt_is_valid_until_a_byte_of_it_changes():
    signed, pem = sign(FACTS, SEED), public_key(SEED)
    assert valid(signed, pem) and signed["keyId"] == key_id(pem) and signed["algorithm"] == "Ed25519"
    assert not valid({**signed, "receipt": signed["receipt"].replace('"b":1', '"b":2')}, pem)
    assert not valid(signed, public_key(sha256(b"another").digest()))
    with pytest.raises(InvalidRequest):
        valid({"receipt": "x"}, pem)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_the_documented_command_verifies_a_receipt_and_refuses_a_tampered_one(tmp_path):
    signed = sign(FACTS, SEED)
    (tmp_path / "key.pem").write_text(public_key(SEED))
    (tmp_path / "receipt.json").write_bytes(signed["receipt"].encode())
    (tmp_path / "receipt.sig").write_bytes(b64decode(signed["signature"]))
    command = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in receipt.json -sigfile receipt.sig"

    def verify():
        return subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)

    assert verify().returncode == 0 and "Signature Verified Successfully" in verify().stdout
    (tmp_path / "receipt.json").write_bytes(signed["receipt"].encode() + b" ")
    assert verify().returncode != 0
