"""Rules in each other's way: found, and decided as it is told."""

import pytest

from shared.merchandising.conflicts import MOST_SHOWN, conflicts
from shared.merchandising.effects import apply
from tests.unit.merchandising.shop import SHOP, entries, matched, plan

POOL = ("i1", "i2", "i5", "i6")


def pin(name, *items, slots=(1,), **more):
    return {"name": name, "action": "pin", "items": list(items), "slots": list(slots), **more}


def rule(name, action, **more):
    return {"name": name, "action": action, **more}


CLASHES = [
    ([pin("a", "i1"), pin("b", "i2")], ("a", "b"), "slot 1: “a” has it"),
    ([pin("a", "i1"), pin("b", "i2", priority=1)], ("b", "a"), "slot 1: “b” has it"),
    ([rule("a", "include", items=["i2"], slots=[1]), pin("z", "i1")], ("z", "a"), "slot 1: “z” has it"),
    ([pin("a", "i1"), pin("b", "i1", slots=[2])], ("a", "b"), "item i1: “a” says where it stands"),
    ([pin("a", "i1"), rule("z", "exclude", items=["i1"])], ("z", "a"), "item i1: “z” takes it out"),
    ([rule("a", "boost", items=["i1"], by=2), rule("z", "exclude", items=["i1"])], ("z", "a"), "“z” takes it out"),
    (
        [rule("a", "replace", items=["i1"], **{"with": "i2"}), rule("b", "replace", items=["i1"], **{"with": "i5"})],
        ("a", "b"),
        "item i1: “a” says what is shown instead",
    ),
    (
        [rule("a", "replace", items=["i1"], **{"with": "i2"}), rule("b", "replace", items=["i2"], **{"with": "i1"})],
        ("a", "b"),
        "lead round in a circle",
    ),
    (
        [rule("a", "replace", items=["i1"], **{"with": "i2"}), rule("b", "exclude", items=["i2"])],
        ("b", "a"),
        "“b” takes out i2",
    ),
    ([rule("a", "replace", items=["i1"], **{"with": "i2"}), pin("b", "i1")], ("a", "b"), "shows i2 instead, before"),
    (
        [rule("a", "bury", where="item.price < 40", by=4), rule("b", "boost", where="item.price  <  40", by=2)],
        ("b", "a"),
        "items for which item.price < 40: both count: together they multiply by 0.5",
    ),
    (
        [rule("a", "boost", items=["i1"], by=5), rule("b", "boost", items=["i1"], by=4)],
        ("a", "b"),
        "multiply by 10 at most",
    ),
]


@pytest.mark.parametrize(("rows", "names", "message"), CLASHES, ids=[c[2] for c in CLASHES])
def test_what_is_certain_from_the_rules_is_told_with_who_wins(rows, names, message):
    [clash] = conflicts(plan(*rows))
    assert clash.rules == names and message in clash.message


@pytest.mark.parametrize(
    "rows", [c[0] for c in CLASHES if "multiply" not in c[2]], ids=[c[2] for c in CLASHES if "multiply" not in c[2]]
)
def test_the_rule_that_is_told_to_lose_has_its_loss_in_the_answer(rows):
    made = plan(*rows)
    [clash] = conflicts(made)
    rules = matched(*made.rules)
    outside = {name: SHOP[name] for name in ("i1", "i2", "i5")}
    effects = {e.rule: e for e in apply(rules, entries(*POOL), 4).effects}
    assert outside.keys() & set(POOL) == outside.keys()
    if "circle" in clash.message:
        assert any(effects[name].misses for name in clash.rules)
    elif "instead, before" in clash.message:
        assert effects[clash.rules[1]].items == ["i2"]
    else:
        loser, winner = effects[clash.rules[1]], effects[clash.rules[0]]
        assert not loser.items and winner.items


@pytest.mark.parametrize(
    "rows",
    [
        [pin("a", "i1", placements=["home"]), pin("b", "i2", placements=["cart"])],
        [pin("a", "i1", until="2026-01-01"), pin("b", "i2", **{"from": "2026-01-02"})],
        [pin("a", "i1"), pin("b", "i2", slots=[2])],
        [pin("a", "i1"), pin("b", "i2", enabled=False)],
        [pin("a", "i1"), rule("b", "boost", items=["i1"], by=2)],
        [pin("a", "i1"), rule("b", "include", items=["i1"], share=0.5)],
        [rule("a", "exclude", items=["i1"]), rule("b", "exclude", items=["i1"])],
        [rule("a", "boost", items=["i1"], by=2), rule("b", "boost", items=["i1"], by=2)],
    ],
)
def test_rules_that_can_both_have_their_way_are_no_conflict(rows):
    assert conflicts(plan(*rows)) == []


def test_a_plan_at_war_with_itself_is_told_in_part_and_in_time():
    items = [f"x{n}" for n in range(100)]
    rows = [rule(f"r{n}", "replace", items=items, **{"with": f"y{n}"}) for n in range(500)]
    found = conflicts(plan(*rows))
    assert len(found) == MOST_SHOWN and found[0].message.startswith("item x0, x1, x2 and 97 more")
