"""A hash says under which key it was made, and nothing else to anyone without the key."""

import hashlib
import hmac
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from shared.identity.keys import IdentityKeys, hashed


def keys(secret, reads=None, clock=lambda: 0.0):
    class Client:
        def get_secret_value(self, SecretId):
            if reads is not None:
                reads.append(SecretId)
            return {"SecretString": json.dumps(secret)}

    return IdentityKeys(Client, "arn", clock)


def test_the_hash_is_what_the_documentation_says():
    digest = hmac.new(b"k1", b"email:jo@shop.de", hashlib.sha256).hexdigest()[:32]
    assert keys({"current": "k1"}).hashed("email", "jo@shop.de") == f"{hashlib.blake2b(b'k1').hexdigest()[:6]}:{digest}"


@given(st.text(), st.text(), st.text(min_size=1), st.text(min_size=1))
def test_type_value_and_key_make_the_hash(kind, value, key, other):
    made = hashed(key, kind, value)
    assert re.fullmatch(r"[0-9a-f]{6}:[0-9a-f]{32}", made)
    assert made != hashed(key, kind + "x", value) and made != hashed(key, kind, value + "x")
    assert (made == hashed(other, kind, value)) == (key == other)


def test_during_a_rotation_the_former_hash_is_known():
    assert keys({"current": "k1"}).previous("email", "jo@shop.de") == ""
    turned = keys({"current": "k2", "previous": "k1"})
    assert turned.previous("email", "jo@shop.de") == keys({"current": "k1"}).hashed("email", "jo@shop.de")
    assert turned.hashed("email", "jo@shop.de") == hashed("k2", "email", "jo@shop.de")


def test_the_key_is_read_when_first_needed_and_again_after_five_minutes():
    reads, now = [], [0.0]
    made = keys({"current": "k"}, reads, lambda: now[0])
    assert not reads
    made.hashed("email", "a")
    made.previous("email", "a")
    assert len(reads) == 1
    now[0] = 301.0
    made.hashed("email", "a")
    assert len(reads) == 2
