"""From the function's log into the lake, with CloudWatch Logs and S3 as moto plays them."""

import time

import boto3
import pytest
from moto import mock_aws

from shared.answers.collect import FIRST, KEPT, LATE, PLACE, WINDOW, Collector, Lake
from shared.answers.find import Reader
from shared.answers.line import written
from shared.answers.model import Answered, unit_of
from shared.errors import InvalidRequest
from shared.privacy.person import UNIT
from shared.privacy.suppression import Suppressed

NOW = time.time() // WINDOW * WINDOW + 100.0  # the emulation refuses lines of long ago
GROUP = "/aws/lambda/recommend"


@pytest.fixture
def aws():
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="lake")
        logs = boto3.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
        yield


def said(*lines):
    """(time, line) each."""
    events = [{"timestamp": int(at * 1000), "message": line} for at, line in sorted(lines)]
    boto3.client("logs").put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)


def answer(at, number=0, **more):
    return Answered(f"{int(at * 1000):011x}{number:012x}", at, "home", ["i1"], **more)


def told(*answers):
    said(*((one.time, written(one)) for one in answers))


def collector(erased=None):
    among = lambda names: {name: (erased or {})[name] for name in names if name in (erased or {})}  # noqa: E731
    return Collector(boto3.client("logs"), GROUP, Lake(boto3.client("s3"), "lake"), among)


def stored():
    return list(Reader(boto3.client("s3"), "lake").since(0.0))


def keys():
    found = boto3.client("s3").list_objects_v2(Bucket="lake", Prefix="answers/").get("Contents", [])
    return [entry["Key"] for entry in found]


def always():
    return True


def test_whole_windows_are_collected_once_and_the_next_time_goes_on(aws):
    old, fresh = answer(NOW - 2 * WINDOW), answer(NOW - 5)
    told(old, fresh)
    said((NOW - 2 * WINDOW, "START RequestId: 1"))
    first = collector().collect(NOW, always)
    assert first.answers == 1 and not first.unreadable and stored() == [old]
    assert collector().collect(NOW, always).answers == 0
    assert collector().collect(NOW + WINDOW + LATE, always).answers == 1 and stored() == [old, fresh]
    assert all(key.startswith("answers/dt=20") for key in keys())


def test_at_once_what_is_not_due_is_there_too_and_doubles_nothing_later(aws):
    old, fresh = answer(NOW - 2 * WINDOW), answer(NOW - 5)
    told(old, fresh)
    assert collector().collect(NOW, always, at_once=True).answers == 2 and stored() == [old, fresh]
    late = answer(NOW - 4, 1)
    told(late)
    collector().collect(NOW + WINDOW + LATE, always)
    assert stored() == [old, fresh, late]


def test_out_of_time_it_stops_between_windows_and_goes_on_there(aws):
    told(answer(NOW - 3 * WINDOW), answer(NOW - 2 * WINDOW, 1))
    left = iter([True] * int(FIRST / WINDOW - 2) + [False] * 20)
    assert collector().collect(NOW, lambda: next(left)).answers == 1
    assert collector().collect(NOW, always).answers == 1 and len(stored()) == 2


def test_lines_that_are_no_answers_are_told_and_lose_no_other(aws):
    good = answer(NOW - 2 * WINDOW)
    told(good)
    said((NOW - 2 * WINDOW + 1, "shopwindow-answer garbage"))
    made = collector().collect(NOW, always)
    assert made.answers == 1 and len(made.unreadable) == 1 and stored() == [good]


def test_who_was_erased_meanwhile_has_no_answer(aws):
    unit, other = unit_of("u1"), unit_of("u2")
    at = NOW - 2 * WINDOW
    told(answer(at, 1, unit=unit), answer(at + 20, 2, unit=unit), answer(at, 3, unit=other), answer(at, 4))
    collector({(UNIT, unit): Suppressed(at + 10, forever=False)}).collect(NOW, always)
    assert {one.id[-1]: one.unit for one in stored()} == {"1": "", "2": unit, "3": other, "4": ""}


def test_after_a_long_silence_no_more_is_asked_for_than_the_log_keeps(aws):
    boto3.client("s3").put_object(Bucket="lake", Key=PLACE, Body=b'{"until": 1000.0}')
    windows = 0

    def count():
        nonlocal windows
        windows += 1
        return windows < 5

    assert collector().collect(NOW, count).until > NOW - KEPT - WINDOW


def test_an_answer_is_found_by_its_id(aws):
    """Also one whose line came into the log a moment later, in the next window."""
    at = (NOW // WINDOW) * WINDOW - 2 * WINDOW - 0.1
    one, other = answer(at, 1), answer(at - 20, 2)
    said((at + 0.5, written(one)), (at - 20, written(other)))
    collector().collect(NOW, always)
    reader = Reader(boto3.client("s3"), "lake")
    assert reader.find(one.id) == one and reader.find(other.id) == other and reader.find("f" * 23) is None
    with pytest.raises(InvalidRequest):
        reader.find("not an id")
