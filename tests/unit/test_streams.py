import boto3
import pytest
from botocore.stub import Stubber

from shared.errors import Unavailable
from shared.streams import MAX_RECORDS, Throttled, put_all


@pytest.fixture
def kinesis():
    client = boto3.client("kinesis", region_name="us-east-1")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def entries(n):
    return [(f"k{i}", f"d{i}".encode()) for i in range(n)]


def sent(pairs):
    return {"StreamName": "events", "Records": [{"PartitionKey": k, "Data": d} for k, d in pairs]}


def answered(*codes):
    results = [{"ErrorCode": c, "ErrorMessage": "x"} if c else {"SequenceNumber": "1", "ShardId": "s"} for c in codes]
    failed = sum(map(bool, codes))
    return {**({"FailedRecordCount": failed} if failed else {}), "Records": results}  # the stubber refuses a 0


def put(client, pairs):
    put_all(client, "events", pairs, sleep=lambda seconds: None)


def test_only_what_failed_is_sent_again(kinesis):
    client, stubber = kinesis
    pairs = entries(3)
    stubber.add_response("put_records", answered("", "InternalFailure", ""), sent(pairs))
    stubber.add_response("put_records", answered(""), sent(pairs[1:2]))
    put(client, pairs)


@pytest.mark.parametrize(
    ("code", "error", "status"),
    [("ProvisionedThroughputExceededException", Throttled, 429), ("InternalFailure", Unavailable, 503)],
)
def test_what_stays_refused_is_an_error_that_makes_the_client_retry(kinesis, code, error, status):
    client, stubber = kinesis
    for _ in range(4):
        stubber.add_response("put_records", answered(code), sent(entries(1)))
    with pytest.raises(error) as raised:
        put(client, entries(1))
    assert raised.value.status == status


def test_a_request_has_at_most_500_records(kinesis):
    client, stubber = kinesis
    pairs = entries(MAX_RECORDS + 1)
    stubber.add_response("put_records", answered(*[""] * MAX_RECORDS), sent(pairs[:MAX_RECORDS]))
    stubber.add_response("put_records", answered(""), sent(pairs[MAX_RECORDS:]))
    put(client, pairs)
