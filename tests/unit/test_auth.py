import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import auth
from shared.errors import Unauthorized


def basic(text):
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def never():
    raise AssertionError("the secret was read")


def test_the_key_is_the_user_name_of_basic_authentication():
    assert auth.key_of(basic("wk:")) == auth.key_of(basic("wk")) == auth.key_of({}, "", "wk") == "wk"


def test_the_write_key_opens_the_public_part_without_reading_the_secret():
    assert auth.access("wk", "wk", never) == "public"
    assert auth.access("sk", "wk", lambda: "sk") == "secret"


@pytest.mark.parametrize("key", ["", "other", "wk2", "ключ"])
def test_any_other_key_is_refused(key):
    with pytest.raises(Unauthorized):
        auth.access(key, "wk", lambda: "sk")


def test_what_is_for_servers_opens_to_the_secret_key_only():
    auth.need_secret("sk", lambda: "sk")
    for key in ("wk", "sk2", "ключ"):
        with pytest.raises(Unauthorized, match="secret key"):
            auth.need_secret(key, lambda: "sk")
    with pytest.raises(Unauthorized):
        auth.need_secret("", never)


def test_a_broken_header_is_refused_with_a_sentence():
    with pytest.raises(Unauthorized, match="base64"):
        auth.key_of({"authorization": "Basic %%%"})


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_proof_is_good_for_its_user_and_secret_only(user, secret):
    proof = auth.user_hash(secret, user)
    assert auth.verify_user_hash(lambda: secret, user, proof)
    assert not auth.verify_user_hash(lambda: secret, user + "x", proof)
    assert not auth.verify_user_hash(lambda: secret + "x", user, proof)
    assert not auth.verify_user_hash(never, user, "")


def test_the_secret_is_read_once_in_five_minutes():
    reads, now = [], [0.0]

    class Client:
        def get_secret_value(self, SecretId):
            reads.append(SecretId)
            return {"SecretString": '{"secretKey": "sk"}'}

    secret = auth.SecretKey(Client, "arn", clock=lambda: now[0])
    assert secret() == secret() == "sk" and len(reads) == 1
    now[0] = 301.0
    assert secret() == "sk" and len(reads) == 2


def test_during_a_rotation_the_former_key_opens_and_proves_as_well():
    class Client:
        def get_secret_value(self, SecretId):
            return {"SecretString": '{"secretKey": "new", "previousSecretKey": "old"}'}

    secret = auth.SecretKey(Client, "arn")
    for key in ("new", "old"):
        assert auth.access(key, "wk", secret) == "secret"
        auth.need_secret(key, secret)
        assert auth.verify_user_hash(secret, "u1", auth.user_hash(key, "u1"))
    assert secret() == "new" and not auth.verify_user_hash(secret, "u1", auth.user_hash("older", "u1"))
    for key in ("", "older"):
        with pytest.raises(Unauthorized):
            auth.access(key, "wk", secret)
