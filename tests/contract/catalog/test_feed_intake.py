"""The promises of feeds, kept on DynamoDB and S3 as moto plays them."""

import gzip
import json

import pytest

from shared.catalog.intake import FeedIntake


@pytest.fixture
def drop(aws, store):
    """Drops a feed in the bucket and takes it."""
    s3 = aws("s3")

    def take(name, text, at=5.0, **options):
        content = text if isinstance(text, bytes) else text.encode()
        s3.put_object(
            Bucket="lake", Key=f"feeds/{name}", Body=gzip.compress(content) if name.endswith(".gz") else content
        )
        return FeedIntake(store, s3, "lake").take(f"feeds/{name}", at, **options)

    return take


@pytest.fixture
def kept(aws):
    return lambda key: aws("s3").get_object(Bucket="lake", Key=key)["Body"].read()


def titles(store):
    return {item.id: item.title for item in store.scan()}


def test_a_feed_is_taken_and_what_cannot_be_is_kept_with_line_and_reason(drop, kept, store):
    report = drop("spring.csv", "id,title,price\na,A,1 EUR\nb,,1 EUR\nc,C,cheap\n")
    assert report == {
        "feed": "feeds/spring.csv",
        "read": 3,
        "written": 1,
        "older": 0,
        "rejected": 2,
        "outOfStock": 0,
        "rejectedRows": "feeds-rejected/spring.csv-19700101T000005Z.jsonl",
    }
    assert json.loads(kept("feeds-reports/spring.csv.json")) == report
    rows = [json.loads(line) for line in kept(report["rejectedRows"]).splitlines()]
    assert [(row["line"], row["reason"].split()[0], row["row"]["id"]) for row in rows] == [
        (3, "title", "b"),
        (4, "price", "c"),
    ]
    assert titles(store) == {"a": "A"}


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr("shared.catalog.intake.CHUNK", 10)


def test_a_feed_of_many_chunks_is_taken_wholly_and_taking_it_again_changes_nothing(drop, store, small_chunks):
    feed = "\n".join(json.dumps({"id": f"i{n}", "title": f"Item {n}"}) for n in range(45))
    first = drop("all.full.jsonl.gz", feed)
    before = sorted(store.scan(), key=lambda item: item.id)
    assert (first["read"], first["written"], len(before)) == (45, 45, 45)
    assert drop("all.full.jsonl.gz", feed) == first
    assert sorted(store.scan(), key=lambda item: item.id) == before


def test_of_a_repeated_id_the_last_row_counts(drop, store):
    drop("a.csv", "id,title\na,first\nb,B\na,last\n")
    assert titles(store) == {"a": "last", "b": "B"}


def test_a_feed_older_than_an_update_does_not_undo_it(drop, store, item):
    store.put_many([item("a", 9.0, title="patched")])
    assert drop("a.full.csv", "id,title\na,old\nb,B\n", at=5.0)["older"] == 1
    assert titles(store) == {"a": "patched", "b": "B"}


def test_what_a_full_feed_lacks_goes_out_of_stock_and_is_not_deleted(drop, store, item):
    store.put_many([item("gone"), item("a"), item("newer", 9.0)])
    assert drop("all.full.tsv.gz", "id\ttitle\na\tA\n")["outOfStock"] == 1
    found = store.get_many(["gone", "a", "newer"])
    assert {name: one.in_stock for name, one in found.items()} == {"gone": False, "a": True, "newer": True}
    assert found["gone"].availability == "out_of_stock"


def test_a_feed_that_is_not_full_empties_no_shelf(drop, store, item):
    store.put_many([item("other")])
    drop("some.csv", "id,title\na,A\n")
    assert store.get_many(["other"])["other"].in_stock


def test_a_bad_row_costs_no_item_its_place(drop, store, item):
    store.put_many([item("a"), item("b"), item("gone")])
    drop("all.full.csv", "id,title,price\na,A,cheap\nb,B,1 EUR,surplus\n")
    assert {i.id: i.in_stock for i in store.scan()} == {"a": True, "b": True, "gone": False}


@pytest.mark.parametrize(
    ("name", "feed"),
    [
        ("all.full.jsonl", b'{"id":"a","title":"A"}\n{broken\n'),
        ("all.full.csv", b"id,title\n"),
        ("all.full.csv", b'id,title\na,A\nb,"never closed' + b"\nx" * 600_000),
        ("all.full.csv.bak", b"id,title\na,A\n"),
    ],
)
def test_a_full_feed_that_cannot_be_understood_wholly_empties_no_shelf(drop, kept, store, item, name, feed):
    store.put_many([item("here")])
    report = drop(name, feed)
    assert report["incomplete"] and json.loads(kept(f"feeds-reports/{name}.json")) == report
    assert store.get_many(["here"])["here"].in_stock


def test_a_feed_without_time_left_says_so_and_keeps_what_was_written(drop, store, small_chunks):
    answers = iter([False, True])
    feed = "id,title\n" + "".join(f"i{n},Item\n" for n in range(15))
    report = drop("big.full.csv", feed, out_of_time=lambda: next(answers))
    assert "split the feed" in report["incomplete"] and report["written"] == len(titles(store)) == 10


def test_rejected_rows_are_kept_within_bounds(drop, kept):
    report = drop("bad.csv", "id,title\n" + f"{'x' * 6000},Long\n" + "b,\n" * 10_500)
    rows = kept(report["rejectedRows"]).splitlines()
    assert report["rejected"] == 10_501 and len(rows) == 10_000 and len(rows[0]) < 6000
