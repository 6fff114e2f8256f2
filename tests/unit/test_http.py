import base64
import gzip
import json

import pytest

from shared import http
from shared.errors import InvalidRequest, TooLarge, Unavailable


def request(body, encoded=False, **headers):
    return {
        "headers": headers,
        "body": base64.b64encode(body).decode() if encoded else body,
        "isBase64Encoded": encoded,
    }


def test_a_body_is_read_plain_encoded_or_compressed():
    assert http.json_body(request('{"a":1}'), 99) == {"a": 1}
    assert http.json_body(request(b'{"a":1}', encoded=True), 99) == {"a": 1}
    assert http.json_body(request(gzip.compress(b'{"a":1}'), encoded=True, **{"content-encoding": "gzip"}), 99) == {
        "a": 1
    }


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, "\ud800"])
def test_what_is_not_json_is_refused(body):
    with pytest.raises(InvalidRequest):
        http.json_body(request(body), 1_000_000)


def test_an_empty_body_and_a_damaged_one_are_named_as_such():
    with pytest.raises(InvalidRequest, match="is empty"):
        http.json_body(request(None), 99)
    for body, headers in ((b"no gzip", {"content-encoding": "gzip"}), (b"{}", {"content-encoding": "gzip"})):
        with pytest.raises(InvalidRequest, match="cannot be decoded"):
            http.json_body(request(body, encoded=True, **headers), 99)
    with pytest.raises(InvalidRequest, match="cannot be decoded"):
        http.json_body({"headers": {}, "body": "%%%", "isBase64Encoded": True}, 99)


def test_a_small_body_that_unpacks_to_gigabytes_is_refused():
    bomb = gzip.compress(b"0" * 10_000_000)
    with pytest.raises(TooLarge):
        http.json_body(request(bomb, encoded=True, **{"content-encoding": "gzip"}), 1000)


def test_an_error_says_what_to_do_and_when_to_come_back():
    answer = http.failed(Unavailable("send it again"))
    assert answer["statusCode"] == 503 and answer["headers"]["retry-after"] == "1"
    assert json.loads(answer["body"]) == {"error": "unavailable", "message": "send it again"}
