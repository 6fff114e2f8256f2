"""A small shop with a clear structure, learned from as on AWS, with DynamoDB and S3 as moto plays them."""

import json
from dataclasses import replace

import boto3
import numpy as np
import pytest
from moto import mock_aws

from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.errors import Conflict, InvalidRequest, NotFound, TooLittleData
from shared.evaluation.protocol import split_at
from shared.lists.model import Pointer, key
from shared.lists.store import ListsStore
from shared.models import bundle, lists
from shared.models.bundle import DEFAULTS
from shared.models.fit import als, fit, similar, together
from shared.models.interactions import DAY, ORDER, VIEW, Interactions
from shared.models.known import Known
from shared.models.publish import KEPT, Publisher
from shared.models.runs import Run, window
from shared.models.train import evaluate, train
from tests import tables
from tests.unit.models.test_tune import QUICK


def shop(shoppers=120, days=60, seed=1):
    """Two tastes: shoppers of even number deal with items 0-19, the others with 20-39; odd items are bought with their neighbour."""
    rng = np.random.default_rng(seed)
    rows = []
    for shopper in range(shoppers):
        taste = 0 if shopper % 2 == 0 else 20
        for visit in range(6):
            at = rng.uniform(0, days) * DAY
            for step in range(4):
                item = taste + int(min(rng.geometric(0.12), 20)) - 1
                rows.append((at + step * 60, shopper, item, VIEW, shopper * 10 + visit, -1))
            pair = taste + 2 * int(rng.integers(10))
            for item in (pair, pair + 1):
                rows.append((at + 600, shopper, item, ORDER, shopper * 10 + visit, shopper * 10 + visit))
    rows.sort()
    at, who, what, kind, session, basket = (np.array(column) for column in zip(*rows, strict=True))
    return Interactions(
        items=np.array([f"i{n:02d}" for n in range(40)]),
        shoppers=np.arange(shoppers, dtype=np.uint64),
        shopper=who.astype(np.int32),
        item=what.astype(np.int32),
        at=at.astype(np.float64),
        kind=kind.astype(np.int8),
        session=session.astype(np.int32),
        basket=basket.astype(np.int32),
        quantity=np.ones(len(rows), np.float32),
        countries=np.array(["GB"] * 70 + [""] * (shoppers - 70)),
    )


@pytest.fixture(scope="module")
def data():
    return shop()


@pytest.fixture(scope="module")
def trained(data):
    return train(Known.by_now(data, {"i00": ("Tents", "Alm", 20.0)}))


def test_items_of_one_taste_are_neighbours(data):
    items, _ = similar(data, float(data.at.max()), DEFAULTS, 5)
    same = [(items[i][items[i] >= 0] < 20) == (i < 20) for i in range(40)]
    assert np.mean(np.concatenate(same)) > 0.95


def test_numbers_of_shoppers_that_are_not_there_say_nothing(data):
    """A sample of shoppers has gaps where the others were."""
    whole, spread = (
        als(one, float(data.at.max()), DEFAULTS) for one in (data, replace(data, shopper=data.shopper * 9))
    )
    assert whole.any() and np.array_equal(whole, spread)


@pytest.mark.parametrize("kind", [0.0, 1.0, 2.0])
def test_items_bought_in_the_same_orders_stand_together(data, kind):
    items, _ = together(data, {"together_kind": kind}, 3)
    assert all(items[i][0] == i + 1 for i in range(0, 40, 2))


def test_the_model_beats_popularity_where_tastes_differ(data, trained):
    results = evaluate(data, trained.trial, None)
    means = {name: measured["means"]["ndcg@20 new only"] for name, measured in results["metrics"].items()}
    assert results["passed"] and means["model"] > 1.2 * means["popularity"]


def test_nothing_after_the_split_reaches_the_measured_model(data):
    moment = split_at(data)
    rng = np.random.default_rng(5)
    later = data.at >= moment
    shuffled = data.item.copy()
    shuffled[later] = rng.permutation(shuffled[later])
    both = data, replace(data, item=shuffled)
    one, other = (train(Known.by_now(part, {}), budget=QUICK).trial for part in both)
    assert np.array_equal(one.item_factors, other.item_factors) and np.array_equal(
        one.similar_items, other.similar_items
    )
    assert one.settings == other.settings


def test_an_empty_lake_is_said_to_be_empty():
    nothing = shop(2).before(0.0)
    with pytest.raises(TooLittleData, match="product views"):
        train(Known.by_now(nothing, {}))


def test_a_new_shop_with_few_events_still_gets_lists():
    few = shop(3)
    made = fit(few, float(few.at.max()))
    assert made.item_factors.shape[1] == 0
    named = lists.lists(few, made, float(few.at.max()))
    assert named["popular", "all"][0][1] == 1.0 and lists.load(lists.dump(named)) == named


def test_segments_with_enough_shoppers_have_lists(data, trained):
    named = lists.lists(data, trained.bundle, float(data.at.max()))
    assert ("popular", "country:GB") in named and ("popular", "category:Tents") in named


def test_the_window_ends_with_the_newest_day():
    assert window(["2011-12-09", "2010-01-01", "2011-01-01"], 400) == ["2011-01-01", "2011-12-09"]


@pytest.fixture
def publisher(trained, data):
    with mock_aws():
        dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
        tables.create(dynamodb, "lists", "catalog")
        s3.create_bucket(Bucket="models")
        catalog = CatalogStore(dynamodb, "catalog")
        catalog.put_many([Item(id=f"i{n:02d}", title=f"Item {n}", in_stock=n != 1) for n in range(40)])
        yield Publisher(ListsStore(dynamodb, "lists"), catalog, s3, "models")


def ready(publisher, trained, data, version):
    run = Run(publisher.client, "models", version)
    run.put("bundle.npz", bundle.dump(trained.bundle))
    run.put("lists.msgpack", lists.dump(lists.lists(data, trained.bundle, float(data.at.max()))))
    for name in ("content.npz", "members.bin", "manifest.json", "metrics.json", "report.html"):
        run.put(name, b"{}")


def test_publishing_keeps_five_versions_and_rolls_back_to_any(publisher, trained, data):
    versions = [f"v{n}" for n in range(KEPT + 1)]
    for version in versions:
        ready(publisher, trained, data, version)
        publisher.publish(version, now=1.0)
    pointer, _ = publisher.lists.pointer()
    assert pointer.current == "v5" and pointer.kept == ["v5", "v4", "v3", "v2", "v1"]
    first, last = key("v0", "popular", "all"), key("v5", "popular", "all")
    assert set(publisher.lists.get_many([first, last])) == {last}
    assert not publisher.client.list_objects_v2(Bucket="models", Prefix="models/v0/").get("Contents")
    static = json.loads(publisher.client.get_object(Bucket="models", Key="static/popular.json")["Body"].read())
    assert static and "i01" not in [card["id"] for card in static]

    assert publisher.rollback("v2", now=2.0).current == "v2"
    with pytest.raises(NotFound, match="v1"):
        publisher.rollback("v0", now=3.0)
    with pytest.raises(InvalidRequest):
        publisher.rollback("v2", now=3.0)


def test_of_two_who_publish_at_once_one_is_told(publisher):
    _, read_at = publisher.lists.pointer()
    publisher.lists.flip(Pointer(current="a", kept=["a"]), read_at)
    with pytest.raises(Conflict):
        publisher.lists.flip(Pointer(current="b", kept=["b"]), read_at)
