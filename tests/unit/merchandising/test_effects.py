"""What rules make of a pool, whatever they are: and the words in which they say so."""

import random
from math import floor

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.merchandising.effects import apply, wanted
from shared.merchandising.places import InOrder
from shared.merchandising.plan import Rule
from shared.merchandising.steered import Outside
from shared.merchandising.values import MOST_FACTOR
from tests.unit.merchandising.shop import IDS, SHOP, counts, entries, matched, pools, rule, rules

refusals = st.dictionaries(st.sampled_from(IDS), st.just("unavailable"), max_size=5)
EVERYTHING = Outside(SHOP)


def outside(found, pool, refused):
    """What a caller reads and judges before it applies the rules."""
    known = {entry.id for entry in pool}
    return Outside({item: SHOP[item] for item in wanted(found, known)}, lambda item: refused.get(item, ""))


def shown(steered):
    return [entry.id for entry in steered.shown]


def steer(pool, *rules, count=4, **of):
    return apply(matched(*rules), entries(*pool), count, EVERYTHING, **of)


def effect(steered, name="r"):
    return next(one for one in steered.effects if one.rule == name)


@settings(max_examples=500)
@given(rules(), pools, counts, refusals)
def test_whatever_the_rules_no_item_or_variant_is_twice_and_nothing_forbidden_is_shown(written, pool, count, refused):
    found = matched(*written)
    steered = apply(found, pool, count, outside(found, pool, refused))
    ids = shown(steered)
    groups = [entry.item.item_group_id or entry.id for entry in steered.shown]
    assert len(set(groups)) == len(groups) <= count and all(SHOP[entry.id] is entry.item for entry in steered.shown)
    known = {entry.id for entry in pool}
    assert not {item for item in ids if item not in known and refused.get(item)}
    assert not [item for item in ids if found.mask(SHOP[item]) & found.bits("exclude")]


@settings(max_examples=300)
@given(rules(), pools, counts)
def test_the_order_in_which_rules_are_written_does_not_matter(written, pool, count):
    shuffled = random.Random(1).sample(written, len(written))
    assert apply(matched(*written), pool, count, EVERYTHING) == apply(matched(*shuffled), pool, count, EVERYTHING)


@settings(max_examples=300)
@given(rules(most=4), rule(name="other"), pools, counts)
def test_a_rule_about_nothing_changes_nothing(written, other, pool, count):
    other = Rule(
        name="other",
        action="boost" if other.action in ("pin", "replace") else other.action,
        where='item.brand = "Nobody"',
        by=3.0,
        slots=other.slots,
        share=other.share or (0.0 if other.slots else 0.5),
    )
    before = apply(matched(*written), pool, count, EVERYTHING)
    after = apply(matched(*written, other), pool, count, EVERYTHING)
    assert after.shown == before.shown and after.removed == before.removed
    assert effect(after, "other").why and not effect(after, "other").items


@settings(max_examples=300)
@given(rules(actions=("pin", "boost", "bury", "exclude")), pools, counts, refusals)
def test_a_pin_lands_in_its_slot_whenever_it_may(written, pool, count, refused):
    found = matched(*written)
    other = outside(found, pool, refused)
    ids = shown(apply(found, pool, count, other))
    full = len(ids) == count
    taken, pinned, groups = set(), set(), set()
    for _, one in found.of("pin"):
        for item, slot in zip(one.items, one.slots, strict=True):
            group = SHOP[item].item_group_id or item
            inside = item in {entry.id for entry in pool} or not refused.get(item)
            barred = found.mask(SHOP[item]) & found.bits("exclude") or not inside
            if barred or slot > count or slot in taken or item in pinned or group in groups:
                continue
            taken.add(slot)
            pinned.add(item)
            groups.add(group)
            assert (ids[slot - 1] == item) if full else (item in ids and ids.index(item) < slot)


@settings(max_examples=300)
@given(
    st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.75, 1.0]),
    st.sampled_from(['item.brand = "own"', 'item.tags contains "new"']),
    pools,
    counts,
)
def test_a_share_is_kept_at_every_place_as_far_as_there_are_items(share, where, pool, count):
    plain, found = apply(matched(), pool, count), matched(Rule(name="r", action="include", where=where, share=share))
    steered = apply(found, pool, count)
    groups = {SHOP[e.id].item_group_id or e.id for e in pool if found.mask(e.item)}
    ours = [bool(found.mask(entry.item)) for entry in steered.shown]
    for place in range(1, len(ours) + 1):
        assert sum(ours[:place]) >= min(floor(share * place + 0.5), len(groups) - 1 if "g" in groups else len(groups))
    if not effect(steered).items:
        assert steered.shown == plain.shown
    assert len(steered.shown) == len(plain.shown) or "g" in {SHOP[e.id].item_group_id for e in pool}


@settings(max_examples=300)
@given(rules(actions=("boost", "bury")), pools)
def test_boosts_and_buries_only_reorder_and_by_no_more_than_the_cap(written, pool):
    found = matched(*written)
    steered = apply(found, pool, 20)
    seen = {entry.id: entry.score for entry in pool}
    plain = shown(apply(matched(), pool, 20))
    if not any(SHOP[item].item_group_id for item in seen):
        assert sorted(shown(steered)) == sorted(plain)
    for entry in steered.shown:
        assert seen[entry.id] / MOST_FACTOR * 0.999 <= entry.score <= seen[entry.id] * MOST_FACTOR * 1.001
    # which of two variants is shown may change
    alone = [item for item in shown(steered) if not SHOP[item].item_group_id]
    untouched = [item for item in alone if not found.mask(SHOP[item])]
    assert untouched == [item for item in plain if item in untouched]


def test_without_rules_the_pool_is_shown_as_it_is_but_for_variants():
    pool = entries("i5", "i3", "i4", "i1")
    assert apply(matched(), pool, 3).shown == [pool[0], pool[1], pool[3]]


def test_an_item_is_pinned_from_the_pool_or_from_outside():
    steered = steer(["i0", "i1", "i2", "i5"], Rule(name="r", action="pin", items=("i9", "i2"), slots=(2, 1)))
    assert shown(steered) == ["i2", "i9", "i0", "i1"]
    assert (effect(steered).items, effect(steered).slots) == (["i9", "i2"], [2, 1])


def test_a_pin_that_lost_says_against_whom():
    strong = Rule(name="strong", action="pin", items=("i9",), slots=(1,), priority=1)
    weak = Rule(name="a weak one", action="pin", items=("i8", "i9", "i7"), slots=(1, 2, 40))
    steered = steer(["i0", "i1"], strong, weak)
    assert shown(steered) == ["i9", "i0", "i1"]
    lost = effect(steered, "a weak one")
    assert lost.misses == {
        "i8": "slot 1 is taken by strong",
        "i9": "pinned to slot 1 by strong",
        "i7": "the shelf has 4 places",
    }
    assert lost.why == "slot 1 is taken by strong" and not effect(steered, "strong").why


def test_what_must_not_be_shown_cannot_be_pinned_and_the_reason_is_told():
    pin = Rule(name="r", action="pin", items=("i9", "i8", "gone"), slots=(1, 2, 3))
    out = Rule(name="out", action="exclude", items=("i8",))
    refused = Outside(SHOP, lambda item: {"i9": "unavailable"}.get(item, ""))
    steered = apply(matched(pin, out), entries("i0"), 4, refused)
    assert shown(steered) == ["i0"]
    assert effect(steered).misses == {"i9": "unavailable", "i8": "excluded by out", "gone": "not_in_catalog"}


def test_exclusion_goes_before_everything():
    steered = steer(
        ["i0", "i2", "i5"],
        Rule(name="r", action="exclude", where='item.brand = "Own"'),
        Rule(name="up", action="boost", items=("i2",), by=5.0),
    )
    assert shown(steered) == ["i0"] and steered.removed == {"excluded_by_rule": ["i2", "i5"]}
    assert effect(steered).items == ["i2", "i5"] and effect(steered, "up").why


def test_a_replacement_stands_where_the_other_would_and_only_once():
    swap = Rule(name="r", action="replace", items=("i1",), target="i9")
    assert shown(steer(["i0", "i1", "i2"], swap)) == ["i0", "i9", "i2"]
    assert shown(steer(["i9", "i1", "i2"], swap)) == ["i9", "i2"]
    steered = steer(["i0", "i1", "i9"], swap)
    assert shown(steered) == ["i0", "i9"] and steered.removed == {"replaced_by_rule": ["i1"]}
    assert effect(steered).items == ["i1"]


def test_a_replacement_that_may_not_be_shown_leaves_the_item_where_it_is():
    swap = Rule(name="r", action="replace", items=("i1",), target="i9")
    steered = apply(matched(swap), entries("i0", "i1"), 4, Outside(SHOP, lambda item: "unavailable"))
    assert shown(steered) == ["i0", "i1"] and effect(steered).why == "i9: unavailable"


def test_replacements_follow_each_other_and_never_in_circles():
    swap = [Rule(name=f"{a}{b}", action="replace", items=(a,), target=b) for a, b in (("i1", "i2"), ("i2", "i5"))]
    assert shown(steer(["i1"], *swap)) == ["i5"]
    back = Rule(name="back", action="replace", items=("i5",), target="i1")
    assert shown(steer(["i1", "i2", "i5", "i0"], *swap, back)) == ["i1", "i2", "i5", "i0"]


def test_a_pinned_item_is_replaced_too():
    pin = Rule(name="pin", action="pin", items=("i1",), slots=(2,))
    swap = Rule(name="swap", action="replace", where='item.id = "i1"', target="i9")
    assert shown(steer(["i0", "i2"], pin, swap)) == ["i0", "i9", "i2"]


def test_items_are_included_in_slots_in_their_order_and_by_score_from_the_pool():
    listed = Rule(name="r", action="include", items=("i9", "i8", "i7"), slots=(2, 4))
    steered = steer(["i0", "i1", "i2"], listed)
    assert shown(steered) == ["i0", "i9", "i1", "i8"] and effect(steered).slots == [2, 4]
    own = Rule(name="r", action="include", where='item.brand = "Own"', slots=(1,))
    assert shown(steer(["i0", "i1", "i5", "i2"], own)) == ["i5", "i0", "i1", "i2"]


def test_an_included_item_is_never_put_behind_its_own_place():
    own = Rule(name="r", action="include", where='item.brand = "Own"', slots=(3,))
    assert shown(steer(["i2", "i0", "i1", "i5"], own)) == ["i2", "i0", "i5", "i1"]


def test_two_inclusions_of_a_slot_are_settled_by_priority():
    first = Rule(name="z", action="include", items=("i9",), slots=(1,), priority=5)
    second = Rule(name="a", action="include", items=("i8",), slots=(1,))
    steered = steer(["i0"], first, second)
    assert shown(steered) == ["i9", "i0"] and effect(steered, "a").why == "taken by z"


def test_factors_multiply_up_to_the_cap():
    twice = [Rule(name=f"r{n}", action="boost", items=("i1",), by=8.0) for n in range(2)]
    steered = steer(["i0", "i1"], *twice)
    assert [(entry.id, entry.score) for entry in steered.shown] == [("i1", 10.0), ("i0", 2.0)]
    assert effect(steered, "r0").misses == {"i1": "rules together multiply by 10 at most"}
    down = Rule(name="r2", action="bury", items=("i1",), by=4.0)
    assert steer(["i0", "i1"], *twice, down).shown[0].score == 10.0 and steer(["i1", "i0"], down).shown[1].score == 0.5


def test_items_without_scores_are_reordered_too():
    pool = [entry._replace(score=0.0) for entry in entries("i0", "i1", "i2")]
    up = Rule(name="r", action="boost", items=("i2",), by=2.0)
    assert shown(apply(matched(up), pool, 3)) == ["i2", "i0", "i1"]


def test_dials_reorder_what_boosts_leave_and_pins_stay():
    pin = Rule(name="pin", action="pin", items=("i9",), slots=(1,))
    up = Rule(name="up", action="boost", items=("i2",), by=9.0)
    seen = []
    steered = steer(
        ["i0", "i1", "i2"], pin, up, natural=lambda ranked: seen.extend(e.id for e in ranked) or InOrder(ranked[::-1])
    )
    assert seen == ["i2", "i0", "i1"] and shown(steered) == ["i9", "i1", "i0", "i2"]


def test_what_has_to_be_read_is_told_the_most_important_first():
    found = matched(
        Rule(name="pin", action="pin", items=("i1", "i2"), slots=(1, 2)),
        Rule(name="in", action="include", items=("i3", "i1"), share=0.5),
        Rule(name="swap", action="replace", items=("i7",), target="i8"),
        Rule(name="out", action="exclude", items=("i9",)),
    )
    assert wanted(found) == ["i8", "i1", "i2", "i3"] and wanted(found, {"i1"}) == ["i8", "i2", "i3"]
