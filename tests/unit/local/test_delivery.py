"""What happens to a batch of stream records, whatever the function does with it."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.local.delivery import Delivery, Stopped

ARRIVED = datetime.now(UTC)


def batch(count, arrived=ARRIVED):
    return [
        {"SequenceNumber": str(n), "PartitionKey": "p", "Data": b"x", "ApproximateArrivalTimestamp": arrived}
        for n in range(count)
    ]


class Queue:
    def __init__(self):
        self.bodies = []

    def get_queue_url(self, **_):
        return {"QueueUrl": "queue"}

    def send_message(self, **message):
        self.bodies.append(json.loads(message["MessageBody"]))

    @property
    def given_up(self):
        batches = [body["KinesisBatchInfo"] for body in self.bodies]
        return [n for b in batches for n in range(int(b["startSequenceNumber"]), int(b["endSequenceNumber"]) + 1)]


class Function:
    """Processes records in order; `verdict(number, times seen)` is "ok", "fail" (reported) or "raise"."""

    def __init__(self, verdict):
        self.verdict = verdict
        self.seen = {}
        self.done = []
        self.batches = []

    def invoke(self, FunctionName, Payload):
        numbers = [int(r["kinesis"]["sequenceNumber"]) for r in json.loads(Payload)["Records"]]
        self.batches.append(numbers)
        for number in numbers:
            self.seen[number] = self.seen.get(number, 0) + 1
        verdicts = {number: self.verdict(number, self.seen[number]) for number in numbers}
        if "raise" in verdicts.values():
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "ValueError"}')}
        for number in numbers:
            if verdicts[number] == "fail":
                return self._answer({"batchItemFailures": [{"itemIdentifier": str(number)}]})
            self.done.append(number)
        return self._answer({"batchItemFailures": []})

    def _answer(self, body):
        return {"Payload": io.BytesIO(json.dumps(body).encode())}


def delivery(function, queue, **settings):
    mapping = {
        "FunctionArn": "arn:function",
        "EventSourceArn": "arn:stream",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:0:failures"}},
        "MaximumRetryAttempts": 3,
        **settings,
    }
    return Delivery(mapping, "shard", function, queue, sleep=lambda seconds: None)


@given(
    fates=st.lists(st.sampled_from(["ok", "fail", "raise", "fail twice", "raise once"]), min_size=1, max_size=12),
    bisect=st.booleans(),
    retries=st.integers(0, 4),
)
def test_every_record_is_processed_or_given_up_and_in_order(fates, bisect, retries):
    def verdict(number, times):
        fate, _, limit = fates[number].partition(" ")
        return "ok" if limit and times > {"once": 1, "twice": 2}[limit] else fate

    function, queue = Function(verdict), Queue()
    delivery(function, queue, BisectBatchOnFunctionError=bisect, MaximumRetryAttempts=retries).deliver(
        batch(len(fates))
    )
    assert set(function.done) | set(queue.given_up) == set(range(len(fates)))
    assert function.done == sorted(function.done)
    assert not {n for n in function.done if fates[n] in ("fail", "raise")}


def test_only_what_was_not_processed_comes_again():
    function = Function(lambda number, times: "fail" if number == 2 and times == 1 else "ok")
    delivery(function, Queue()).deliver(batch(5))
    assert function.batches == [[0, 1, 2, 3, 4], [2, 3, 4]]


def test_a_batch_that_raises_is_halved_until_the_poison_record_is_alone():
    function, queue = Function(lambda number, times: "raise" if number == 2 else "ok"), Queue()
    delivery(function, queue, BisectBatchOnFunctionError=True).deliver(batch(8))
    assert queue.given_up == [2]
    assert function.done == [0, 1, 3, 4, 5, 6, 7]
    assert queue.bodies[0]["requestContext"]["approximateInvokeCount"] == 4


def test_without_bisect_the_whole_batch_is_given_up():
    function, queue = Function(lambda number, times: "raise" if number == 2 else "ok"), Queue()
    delivery(function, queue).deliver(batch(4))
    assert queue.given_up == [0, 1, 2, 3] and function.batches == [[0, 1, 2, 3]] * 4


def test_an_unknown_identifier_fails_the_whole_batch():
    class Confused(Function):
        def _answer(self, body):
            return super()._answer({"batchItemFailures": [{"itemIdentifier": "no such record"}]})

    function, queue = Confused(lambda number, times: "ok"), Queue()
    delivery(function, queue).deliver(batch(2))
    assert queue.given_up == [0, 1] and len(function.batches) == 4


def test_partial_answers_are_ignored_where_the_mapping_does_not_ask_for_them():
    function, queue = Function(lambda number, times: "fail"), Queue()
    delivery(function, queue, FunctionResponseTypes=[]).deliver(batch(3))
    assert function.batches == [[0, 1, 2]] and queue.bodies == []


def test_records_past_their_age_are_given_up_without_a_call():
    function, queue = Function(lambda number, times: "ok"), Queue()
    old = batch(3, datetime.now(UTC) - timedelta(seconds=61))
    delivery(function, queue, MaximumRecordAgeInSeconds=60).deliver(old)
    assert function.batches == [] and queue.given_up == [0, 1, 2]
    assert queue.bodies[0]["requestContext"]["condition"] == "MaximumRecordAgeExceeded"


def test_being_throttled_costs_no_attempt():
    class Busy(Function):
        refusals = 50

        def invoke(self, **call):
            if self.refusals:
                self.refusals -= 1
                raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
            return super().invoke(**call)

    function, queue = Busy(lambda number, times: "ok"), Queue()
    delivery(function, queue, MaximumRetryAttempts=0).deliver(batch(2))
    assert function.done == [0, 1] and queue.bodies == []


def test_a_batch_whose_mapping_has_gone_is_not_done():
    class Gone(Function):
        def invoke(self, **call):
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Invoke")

    calls = iter([True, True, False])
    made = delivery(Gone(None), Queue())
    with pytest.raises(Stopped):
        Delivery(made.mapping, "s", made.functions, made.queues, lambda: next(calls), made.sleep).deliver(batch(1))
