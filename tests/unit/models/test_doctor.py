"""The data doctor on lakes with one defect each, and on healthy ones."""

import random
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from infrastructure.cli.generator import GeneratedShop
from shared.errors import InvalidRequest
from shared.events import lake
from shared.events.model import Consent, encode
from shared.models.doctor import LIMITS, examine, may_train, sentences, strictness
from shared.models.prepare import Room, prepare
from tests.factories import NOON, event, order

DAYS = 42
END = NOON + timedelta(days=DAYS)
FACTS = {f"i{n}": ("Tents", "Alm", 20.0) for n in range(20)}


@cache
def healthy(seed=1, shoppers=60, visits=20):
    """Visits over six weeks, on every day alike; one in four ends with an order."""
    rng = random.Random(seed)
    made = []
    for number in range(shoppers * visits):
        at, who = number * DAYS * 1440 / (shoppers * visits), {"anonymous_id": f"a{rng.randrange(shoppers)}"}
        context = {
            "device": {"type": rng.choice(["mobile", "desktop"])},
            "library": {"name": rng.choice(["web", "app"])},
        }
        items = [f"i{rng.randrange(20)}" for _ in range(3)]
        made += [event(item=item, minutes=at + n / 2, context=context, **who) for n, item in enumerate(items)]
        made.append(
            event(
                "Page Engaged",
                minutes=at + 2,
                context=context,
                properties={"product_id": items[0], "dwell_seconds": 40},
                **who,
            )
        )
        if number % 4 == 0:
            made.append(order(items[0], minutes=at + 3, order_id=f"o{number}", context=context, **who))
    return tuple(made)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Severity by check of what the doctor finds in the events."""
    folder = tmp_path_factory.mktemp("lake")

    def run(events, facts=FACTS, now=END):
        path = folder / "a.jsonl.gz"
        path.write_bytes(lake.lines(encode(e) for e in events))
        prepared = prepare([str(path)], "20260420T030000Z", room=Room(str(folder / "spill")))
        return examine(prepared.vitals, prepared.interactions, facts, now.timestamp())

    return run


def grades(findings):
    return {finding.check: finding.severity for finding in findings}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_healthy_lake_has_no_findings(found, seed):
    assert not found(healthy(seed))


def test_the_made_up_shop_may_train(found):
    shop = GeneratedShop(seed=3, shoppers=300, weeks=8, items=300, until=datetime(2026, 4, 1, tzinfo=UTC))
    facts = {item["id"]: ("", "", float(str(item["price"]).split()[0])) for item in shop.items}
    findings = found(shop.events(), facts, shop.until)
    assert may_train(findings, "normal"), sentences(findings)


def some(share, seed=5):
    """A mask by chance that hits the given share of events."""
    rng = random.Random(seed)
    return lambda: rng.random() < share


def delivered_twice(share):
    hit = some(share / (1 - share))
    return [e for e in healthy() for _ in range(1 + hit())]


def told_twice(share):
    hit = some(share / (1 - share))
    return [e for one in healthy() for e in ((one, replace(one, message_id=one.message_id + "b")) if hit() else (one,))]


def orders_told_twice(share):
    hit = some(share / (1 - share))
    later = timedelta(minutes=7)
    return [
        e
        for one in healthy()
        for e in (
            (
                one,
                replace(
                    one,
                    message_id=one.message_id + "b",
                    timestamp=one.timestamp + later,
                    received_at=one.received_at + later,
                ),
            )
            if one.event == "Order Completed" and hit()
            else (one,)
        )
    ]


def clock_ahead(share):
    hit = some(share)
    return [replace(e, timestamp=e.timestamp + timedelta(days=300)) if hit() else e for e in healthy()]


def without_item(share):
    hit = some(share)
    return [replace(e, properties={"price": 3}) if e.event == "Product Viewed" and hit() else e for e in healthy()]


def unknown_items(share):
    hit = some(share)
    return [
        replace(e, properties={**e.properties, "product_id": "SKU-7"}) if e.event != "Order Completed" and hit() else e
        for e in healthy()
    ]


def bots(share):
    """Machines look at a thing every ten seconds, in one night each."""
    views = sum(e.event == "Product Viewed" for e in healthy()) * share / (1 - share)
    return [
        *healthy(),
        *(
            event(item=f"i{n % 20}", anonymous_id=f"bot{n // 700}", minutes=1440 + n % 700 / 6)
            for n in range(int(views // 700 + 1) * 700)
        ),
    ]


DEFECTS = [delivered_twice, told_twice, orders_told_twice, clock_ahead, without_item, unknown_items, bots]
# of the rows that a check counts, the share that the defect can hit
REACH = {"without item": 0.71, "unknown items": 0.94}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_defect_is_graded_by_how_large_it_is(found, defect, data):
    check = defect.__name__.replace("_", " ")
    warn, stop = (limit / REACH.get(check, 1.0) for limit in LIMITS[check])
    share = data.draw(st.floats(0.0, 0.65))
    graded = grades(found(defect(share))).get(check)
    if share < warn * 0.7 and check != "bots":  # bots come by the seven hundred
        assert graded is None
    elif warn * 1.5 < share < stop * 0.7:
        assert graded == "warn"
    elif share > stop * 1.3:
        assert graded == "stop"


def test_machines_that_outnumber_shoppers_stop_the_run_and_a_clock_ahead_does_not_move_the_end(found):
    findings = found(bots(0.9))
    assert (
        grades(findings)["bots"] == "stop"
        and findings[0].check == "bots"
        and "visitors that behave like machines" in findings[0].sentence
    )
    assert not may_train(findings, "normal") and may_train(findings, "lenient")
    one = [*healthy()[:-1], replace(healthy()[-1], timestamp=END + timedelta(days=9000))]
    assert not found(one)


def last_days(days):
    return lambda e: e.timestamp > END - timedelta(days=days)


@pytest.mark.parametrize(
    ("mutate", "check", "words"),
    [
        (
            lambda e: None if last_days(9)(e) and not last_days(6)(e) else e,
            "gap",
            "On 3 of the last 28 days|On 2 of the last 28 days",
        ),
        (
            lambda e: None if last_days(2)(e) and e.context["library"]["name"] == "app" else e,
            "volume",
            "events with library app",
        ),
        (
            lambda e: None if last_days(2)(e) and e.context["device"]["type"] == "mobile" else e,
            "volume",
            "events with device mobile",
        ),
        (lambda e: None if last_days(2)(e) and e.event == "Page Engaged" else e, "volume", "Page Engaged events"),
        (lambda e: None if last_days(1.99)(e) and int(e.message_id[1:]) % 20 else e, "volume", "all events"),
        (lambda e: None if last_days(4)(e) else e, "stale", "The newest event is 4"),
        (
            lambda e: replace(e, event="Product Added") if last_days(7)(e) and e.event == "Product Viewed" else e,
            "event mix",
            "Product Viewed is 0.",
        ),
        (
            lambda e: (
                replace(e, consent=Consent(True, False, False), anonymous_id="")
                if last_days(7)(e) and int(e.message_id[1:]) % 3
                else e
            ),
            "consent",
            "came with consent",
        ),
        (
            lambda e: replace(e, anonymous_id="buyer") if e.event == "Order Completed" else e,
            "orders without views",
            "never looked",
        ),
        (
            lambda e: (
                replace(e, properties={"products": [{"product_id": "i1"}], "order_id": e.message_id})
                if e.event == "Order Completed"
                else e
            ),
            "without price",
            "of the order lines have no price",
        ),
    ],
    ids=["gap", "app", "mobile", "looks", "all", "stale", "mix", "consent", "buyers", "price"],
)
def test_what_changed_is_told_in_words(found, mutate, check, words):
    findings = found([e for one in healthy() if (e := mutate(one))])
    told = [f.sentence for f in findings if f.check == check]
    assert told and any(word in sentence for word in words.split("|") for sentence in told), sentences(findings)


def test_a_catalog_that_knows_nothing_stops_and_an_empty_one_warns(found):
    assert grades(found(healthy(), {"other": ("", "", 1.0)}))["unknown items"] == "stop"
    assert grades(found(healthy(), {}))["unknown items"] == "warn"
    free = {item: (category, brand, float("nan")) for item, (category, brand, _) in FACTS.items()}
    assert grades(found(healthy(), free)) == {"without price": "warn"}


def test_a_handful_of_events_is_judged_by_nothing(found):
    assert not found([replace(e, properties={}) for e in healthy()[:50]], now=NOON)


def test_strictness_is_one_of_three_words():
    with pytest.raises(InvalidRequest, match="strict, normal, lenient"):
        strictness("harsh")
