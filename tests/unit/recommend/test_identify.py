"""Who asks, when the keys that tell it cannot be read."""

import pytest
from botocore.exceptions import ReadTimeoutError

from shared import auth
from shared.recommend.identify import Identify
from shared.recommend.request import parse
from shared.recommend.shopper import Shopper

DOWN = ReadTimeoutError(endpoint_url="secretsmanager")


class Keys:
    def hashed(self, kind, value):
        raise DOWN

    previous = hashed


class Working(Keys):
    def hashed(self, kind, value):
        return f"{kind}-{value}"


@pytest.fixture
def failed():
    return []


def asks(user, proof="", device="d1"):
    return parse({"placement": "home", "userId": user, "userHash": proof, "anonymousId": device})


def test_a_proof_opens_the_shoppers_own_history(failed):
    identify = Identify(lambda: "key", Working(), "keep", failed.append)
    good = auth.user_hash("key", "ann@example.org")
    assert identify(asks("ann@example.org", good), "public") == Shopper("u#email-ann@example.org", "a#d1", named=True)
    assert identify(asks("ann@example.org"), "public") == Shopper("a#d1", named=True) and not failed


def test_while_the_secret_cannot_be_read_nothing_is_proven(failed):
    def secret():
        raise DOWN

    identify = Identify(secret, Working(), "keep", failed.append)
    assert identify(asks("u1", "some proof"), "public") == Shopper("a#d1", named=True)
    assert failed == [DOWN]


def test_while_the_key_of_hashes_cannot_be_read_an_id_that_needs_it_is_nobodys(failed):
    identify = Identify(lambda: "key", Keys(), "keep", failed.append)
    assert identify(asks("u1"), "secret") == Shopper("u#u1", "a#d1", named=True) and not failed
    assert identify(asks("ann@example.org"), "secret") == Shopper(named=True) and failed == [DOWN]
