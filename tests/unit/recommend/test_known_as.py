"""Ids that are addresses are looked up by the hash that capture keeps."""

from shared.identity.ids import known_as
from shared.recommend.request import Request
from shared.recommend.shopper import shopper
from tests.factories import KEYS

JO = KEYS.hashed("email", "jo@shop.de")


def key(access="public", proofs=(), names=lambda name: known_as(name, KEYS), **fields):
    return shopper(Request("home", 8, **fields), access, lambda user, proof: (user, proof) in proofs, names).key


def test_a_claim_gets_the_devices_own_history_and_a_proof_the_shoppers():
    asked = {"user_id": "u1", "anonymous_id": "a1", "user_hash": "h"}
    assert key(**asked) == "a#a1" and key(proofs=[("u1", "h")], **asked) == key("secret", **asked) == "u#u1"
    assert key() == ""


def test_an_address_is_proven_as_it_was_sent_and_looked_up_by_its_hash():
    assert key(proofs=[("Jo@Shop.de", "h")], user_id="Jo@Shop.de", user_hash="h") == f"u#{JO}"
    assert key(user_id="Jo@Shop.de", user_hash="h", anonymous_id="jo@shop.de") == f"a#{JO}"


def test_a_name_that_cannot_be_told_is_nobodys():
    assert key("secret", user_id="jo@shop.de", anonymous_id="a1", names=lambda name: "") == ""
