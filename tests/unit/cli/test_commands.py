"""The commands that look after a running stack."""

import json
from base64 import b64encode

import boto3
import pytest

from infrastructure.cli import __main__ as cli
from infrastructure.cli import api, demo, given_up, models, replay
from infrastructure.cli.shopper import described, profile
from infrastructure.cli.status import status
from infrastructure.local.layout import LocalStackError
from shared.auth import user_hash
from shared.catalog.parse import parse
from shared.catalog.store import CatalogStore
from shared.events.quarantine import PREFIX
from shared.lists.model import Pointer
from shared.lists.store import ListsStore
from shared.profiles.fold import fold
from shared.profiles.signals import read
from shared.profiles.state import Candidate, State
from shared.profiles.store import ShoppersStore, Versioned
from tests.factories import event, order


def quarantine(day, number, data, reason="DecodeError: malformed"):
    body = {"reason": reason, "data": b64encode(data).decode(), "partitionKey": f"k{number}", "shard": "s"}
    key = f"{PREFIX}dt={day}/s-{number}.json"
    boto3.client("s3").put_object(Bucket="lake", Key=key, Body=json.dumps(body).encode())
    return key


@pytest.fixture
def stream(stack):
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=1)

    def records():
        shard = kinesis.describe_stream(StreamName="events")["StreamDescription"]["Shards"][0]["ShardId"]
        start = kinesis.get_shard_iterator(StreamName="events", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        found = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
        return [(record["PartitionKey"], record["Data"]) for record in found]

    return records


def test_replay_puts_the_same_bytes_back_and_marks_them_done(stack, stream, lake):
    quarantine("2026-03-01", 1, b"\x00 not json")
    quarantine("2026-03-02", 2, b"{}")
    before = lake(PREFIX)
    assert replay.replay(stack, replay.quarantined(stack)) == 2
    assert sorted(stream()) == [("k1", b"\x00 not json"), ("k2", b"{}")]
    assert not lake(PREFIX)
    moved = {key.replace(replay.REPLAYED, PREFIX): body for key, body in lake(replay.REPLAYED).items()}
    assert moved == before


def test_replay_since_a_day_leaves_older_records_where_they_are(stack):
    quarantine("2026-03-01", 1, b"old")
    new = quarantine("2026-03-02", 2, b"new")
    assert [key for key, _ in replay.quarantined(stack, "2026-03-02")] == [new]
    assert len(replay.quarantined(stack, "2026-02-01")) == 2 and not replay.quarantined(stack, "2026-03-03")


def test_the_summary_of_quarantine_counts_reasons_and_shows_one_of_each(stack):
    quarantine("2026-03-01", 1, b"first")
    quarantine("2026-03-01", 2, b"second")
    quarantine("2026-03-01", 3, b"x" * 999, "ValidationError: Expected `str` - at `$.messageId`")
    shown = replay.summary(replay.quarantined(stack))
    assert "2 × DecodeError: malformed" in shown and "first" in shown and "second" not in shown
    assert "1 × ValidationError" in shown and "x" * 200 + " …" in shown
    assert replay.summary([]) == "Nothing is in quarantine."


def give_up(shard, first, last, size):
    """The message Lambda leaves when a batch failed for good."""
    batch = {"shardId": shard, "startSequenceNumber": first, "endSequenceNumber": last, "batchSize": size}
    body = json.dumps({"KinesisBatchInfo": batch})
    boto3.client("sqs").send_message(
        QueueUrl=boto3.client("sqs").get_queue_url(QueueName="failures")["QueueUrl"], MessageBody=body
    )


@pytest.fixture
def failures(stack):
    stack.outputs["StreamFailures"] = boto3.client("sqs").create_queue(QueueName="failures")["QueueUrl"]


def test_batches_that_were_given_up_go_back_on_the_stream_once(stack, stream, failures):
    put = [
        boto3.client("kinesis").put_record(StreamName="events", Data=bytes([n]), PartitionKey=f"k{n}") for n in range(6)
    ]
    give_up(put[0]["ShardId"], put[1]["SequenceNumber"], put[3]["SequenceNumber"], 3)
    assert given_up.waiting(stack) == 1
    assert given_up.put_back(stack) == (1, 3, 0)
    assert stream()[6:] == [("k1", b"\1"), ("k2", b"\2"), ("k3", b"\3")]
    assert given_up.put_back(stack) == (0, 0, 0)


def test_a_given_up_batch_that_left_the_stream_is_counted_and_stays_in_the_queue(stack, stream, failures, monkeypatch):
    put = boto3.client("kinesis").put_record(StreamName="events", Data=b"x", PartitionKey="k")
    give_up(put["ShardId"], put["SequenceNumber"], put["SequenceNumber"], 4)
    assert given_up.put_back(stack) == (1, 1, 3)
    queue = {"QueueUrl": stack.outputs["StreamFailures"], "AttributeNames": ["ApproximateNumberOfMessagesNotVisible"]}
    assert boto3.client("sqs").get_queue_attributes(**queue)["Attributes"] == {
        "ApproximateNumberOfMessagesNotVisible": "1"
    }


def saved(stack, key, *events, **fields):
    state = State(**fields)
    for found in events:
        fold(state, read(found))
    ShoppersStore(boto3.client("dynamodb"), "shoppers").save({key: Versioned(state, 0)}, 1e9)
    return state


def test_a_profile_says_in_words_what_is_known(stack):
    row = {"id": "tent", "title": "Alm Dome Tent", "price": "20 EUR"}
    CatalogStore(boto3.client("dynamodb"), "catalog").put_many([parse(row, 1.0)])
    saved(
        stack,
        "u#ada",
        event(item="tent"),
        event("Product Added", "mat"),
        order("rope"),
        candidates=[Candidate("tent", 0.75, "similar_to", "rope")],
        model_version="v7",
    )
    shown = profile(stack, "ada")
    assert shown.startswith("Known shopper ada")
    assert "Alm Dome Tent [tent], seen 1×" in shown and "1 × (not in the catalog) [mat]" in shown
    assert (
        "likes: Camping" in shown
        and "price about 13.61" in shown
        and "bought:\n    (not in the catalog) [rope], 1×" in shown
    )
    assert "model v7" in shown and "0.750  Alm Dome Tent [tent], similar_to because of rope" in shown


def test_a_profile_of_a_device_says_where_its_history_went():
    assert "went to known shopper ada" in described("a#d1", State(user_id="ada"), {})


def test_nobody_is_known_by_a_wrong_id(stack):
    with pytest.raises(LocalStackError, match="Nothing is known of eve"):
        profile(stack, "eve")


def published(stack, version, ndcg, current=True):
    run = {
        "version": version,
        "shoppers": 40,
        "counts": {"interactions": 1234, "last": 1772366400.0},
        "metrics": {"model": {"means": {"ndcg@20 with repeats": ndcg}, "coverage": 0.5}},
    }
    boto3.client("s3").put_object(Bucket="models", Key=f"models/{version}/metrics.json", Body=json.dumps(run).encode())
    store = ListsStore(boto3.client("dynamodb"), "lists")
    pointer, read_at = store.pointer()
    store.flip(Pointer(version if current else pointer.current, [version, *pointer.kept], 1.0), read_at)
    return run


def test_the_list_of_models_marks_the_current_one(stack):
    assert "No model" in models.versions(stack)
    published(stack, "20260301T030000Z", 0.25)
    run = published(stack, "20260302T030000Z", 0.5, current=False)
    newer, older = models.versions(stack).splitlines()
    assert newer.startswith("  20260302") and older.startswith("* 20260301") and "ndcg@20 with repeats 0.2500" in older
    assert "1,234 interactions until 2026-03-01" in newer
    assert "0.5000" in models.table(run) and "40 shoppers" in models.table(run)
    assert "models/20260302T030000Z/report.html" in models.report(stack, "20260302T030000Z")


def test_the_list_of_models_says_what_each_was_made_of_and_what_was_refused(stack):
    def put(key, value):
        boto3.client("s3").put_object(Bucket="models", Key=key, Body=json.dumps(value).encode())

    published(stack, "20260301T030000Z", 0.25)
    published(stack, "20260301T030000Z.r1", 0.25)
    made = {"settings": {"alpha": 2.0}, "from": 1764547200.0, "until": 1772366400.0, "items": 1200, "sha256": "ab" * 32}
    put("models/20260301T030000Z/manifest.json", {**made, "code": "d1b72d0"})
    put("models/20260301T030000Z.r1/manifest.json", {**made, "code": "", "refreshes": "20260301T030000Z"})
    put("runs/20260301T030000Z/metrics.json", {"passed": True, "reasons": []})
    put("runs/20260302T030000Z/metrics.json", {"passed": False, "reasons": ["Refused, clearly worse: ndcg@20"]})
    put("runs/20260303T030000Z/doctor.json", {"may_train": False, "reasons": ["Stop: 90.0% of all views"]})
    told = models.versions(stack)
    assert "data from 2025-12-01 to 2026-03-01, 1,200 items, code d1b72d0, sha256 abababababab\n      alpha 2" in told
    assert "refreshes 20260301T030000Z, data from" in told and "code unknown" in told
    assert told.endswith(
        "Not published lately:\n  20260303T030000Z\n    Stop: 90.0% of all views\n  20260302T030000Z\n    Refused, clearly worse: ndcg@20"
    )


@pytest.mark.parametrize(
    ("described", "step", "words"),
    [
        (
            {
                "status": "FAILED",
                "error": "MemoryError",
                "cause": '{"errorMessage": "out of memory", "errorType": "E"}',
            },
            "Train",
            "Training failed while training: out of memory",
        ),
        ({"status": "TIMED_OUT"}, "Prepare", "Training took too long while reading the lake: no reason was given"),
        ({"status": "ABORTED", "cause": "by hand"}, "", "Training was stopped: by hand"),
    ],
)
def test_a_failed_training_is_explained_in_words(described, step, words):
    assert models.failure(described, step).startswith(words)


def test_training_tells_each_step_once_and_then_that_it_is_still_at_work(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 1.0, 5.0, 30.0, 30.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    teller = models.Teller()
    entered = [{"stateEnteredEventDetails": {"name": name}} for name in ("Prepare", "Gate")]
    teller.tell(entered)
    teller.tell(entered)
    teller.tell(entered)
    assert [line.split("s  ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "reading the lake …",
        "still reading the lake …",
    ]


def create_stack(name, **outputs):
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


def test_a_stack_in_aws_is_found_by_its_name(stack):
    secret = boto3.client("secretsmanager").create_secret(Name="key", SecretString='{"secretKey": "s3"}')["ARN"]
    create_stack("shop", SecretArn=secret, ApiUrl="https://abc.example", WriteKey="wk")
    found = api.stack("shop")
    assert (found.endpoint, found.api_url, found.write_key, found.secret_key) == ("", "https://abc.example", "wk", "s3")


def test_a_stack_of_another_template_is_refused(stack):
    create_stack("other", Something="else")
    with pytest.raises(LocalStackError, match="no stack of Shopwindow's template"):
        api.stack("other")


def test_without_a_deployed_stack_the_command_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SHOPWINDOW_STACK", str(tmp_path / "none.json"))
    assert cli.main(["models"]) == 1
    assert "`make up` starts the local one" in capsys.readouterr().err


def test_status_shows_shops_model_quarantine_and_failures(stack):
    sqs, lake = boto3.client("sqs"), boto3.client("s3")
    for name in ("StreamFailures", "AsyncFailures"):
        stack.outputs[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=stack.outputs["StreamFailures"], MessageBody="x")
    role = "arn:aws:iam::123456789012:role/any"
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    made = boto3.client("stepfunctions").create_state_machine(name="t", definition=definition, roleArn=role)
    stack.outputs["TrainingMachine"] = made["stateMachineArn"]
    facts = {"until": "2026-03-01T12:00:00+00:00", "finished": False}
    lake.put_object(Bucket="lake", Key="imports/generated-7.json", Body=json.dumps(facts).encode())
    quarantine("2026-03-01", 1, b"x")
    published(stack, "20260301T030000Z", 0.25)
    shown = {line[:15].strip(): line[16:] for line in status(stack).splitlines()}
    assert shown["Shops loaded"] == "generated-7 (until 2026-03-01T12:00, unfinished)"
    assert shown["Model"] == "20260301T030000Z (1 versions kept)" and shown["Training"] == "never ran"
    assert shown["Quarantine"] == "1 records" and shown["StreamFailures"] == "1 messages"
    assert "sk" not in status(stack).split()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["replay", "--since", "yesterday"], "must be a day such as 2026-03-01"),
        (["load", "--shoppers", "none"], "must be a number from 1"),
        (["load", "--weeks", "0"], "must be a number from 1"),
        ([], "required: COMMAND"),
    ],
)
def test_wrong_arguments_are_named(arguments, complaint, capsys):
    with pytest.raises(SystemExit):
        cli.parser().parse_args(arguments)
    assert complaint in capsys.readouterr().err


def test_a_command_without_options_has_the_usual_ones():
    args = cli.parser().parse_args(["first-day"])
    assert cli._choice(args) == cli.Choice() and args.live_days is None
    assert cli.parser().parse_args(["replay"]).since is None


def test_the_demo_shop_gets_proofs_of_its_accounts_and_the_whole_catalog(stack, tmp_path, monkeypatch):
    class Shop:
        name, currency = "Alm", "EUR"

        def accounts(self):
            return [{"userId": "ada", "name": "Ada"}]

    pages = {"": {"items": [{"id": "b"}], "nextCursor": "c"}, "c": {"items": [{"id": "a"}]}}
    monkeypatch.setattr(
        api.Api, "call", lambda self, method, path: pages["c" if "cursor=c" in path else ""], raising=True
    )
    demo.write(stack, Shop(), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["accounts"] == [{"userId": "ada", "name": "Ada", "userHash": user_hash("sk", "ada")}]
    assert "sk" not in config.values() and config["writeKey"] == "wk"
    assert [item["id"] for item in json.loads((tmp_path / "catalog.json").read_text())] == ["a", "b"]


class Machine:
    """A Step Functions client whose execution has ended."""

    def __init__(self, status="SUCCEEDED", **output):
        self.described = {"status": status, "output": json.dumps(output)}

    def start_execution(self, **_):
        return {"executionArn": "arn"}

    def describe_execution(self, **_):
        return self.described

    def get_execution_history(self, **_):
        return {"events": []}


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ({"reasons": ["Refused, clearly worse: ndcg@20"]}, "was not published:\n  Refused, clearly worse"),
        ({"may_train": False, "reasons": ["Stop: bots"]}, "data doctor stopped the training:\n  Stop: bots"),
        (
            {"error": {"Cause": '{"errorMessage": "the lake is empty"}'}},
            "not enough data to train on: the lake is empty",
        ),
    ],
)
def test_a_version_that_is_not_published_comes_with_the_reasons(stack, monkeypatch, output, words):
    stack.outputs["TrainingMachine"] = "arn"
    monkeypatch.setattr("infrastructure.cli.models.client", lambda stack, service: Machine(**output))
    with pytest.raises(models.NotPublished, match=words):
        models.train(stack)


def test_a_refresh_without_anything_new_says_so(stack, monkeypatch):
    stack.outputs["RefreshMachine"] = "arn"
    output = {"refresh": False, "reasons": ["Less than 20 new views"]}
    monkeypatch.setattr("infrastructure.cli.models.client", lambda stack, service: Machine(**output))
    with pytest.raises(models.NotPublished, match="Less than 20 new views"):
        models.refresh(stack)


def test_a_shop_too_small_to_learn_from_still_moves_in(stack, back, tmp_path, monkeypatch, capsys):
    def too_little(stack):
        raise models.NotPublished("There is not enough data")

    monkeypatch.setenv("SHOPWINDOW_HOME", str(tmp_path))
    monkeypatch.setattr("infrastructure.cli.__main__.stack", lambda name: stack)
    monkeypatch.setattr(models, "train", too_little)
    monkeypatch.setattr(demo, "write", lambda stack, shop, folder: None)
    command = ["first-day", "--shoppers", "8", "--items", "64", "--weeks", "2", "--live-days", "5"]
    assert cli.main(command) == 0 and back.batches
    told = capsys.readouterr().out
    assert "There is not enough data\nThe shop works without" in told and "shoppers' states are up to date" in told
    assert cli.main(command) == 0 and "loaded already" in capsys.readouterr().out
