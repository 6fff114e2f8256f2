import doctest

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.evaluation import task
from shared.evaluation.task import Fold, asked, at_moment
from shared.models.interactions import DAY, ORDER, VIEW, Interactions


def table(rows, items, shoppers):
    """Interactions of (day, shopper, item, kind), one session a shopper."""
    rows = sorted(rows, key=lambda row: row[0])
    day, who, what, kind = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.empty(0),) * 4
    return Interactions(
        items=np.array([f"i{n:03}" for n in range(items)]),
        shoppers=np.arange(shoppers, dtype=np.uint64),
        shopper=who.astype(np.int32),
        item=what.astype(np.int32),
        at=day.astype(float) * DAY,
        kind=kind.astype(np.int8),
        session=who.astype(np.int32),
        basket=np.where(kind == ORDER, np.arange(len(rows)), -1).astype(np.int32),
        quantity=np.ones(len(rows), np.float32),
        countries=np.full(shoppers, "", "U2"),
    )


rows = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 8), st.sampled_from([VIEW, ORDER])),
    min_size=1,
    max_size=60,
)


def naive(data, moment):
    """Who came back after `moment`, what was known of them in order, what they had bought, what came."""
    found = {}
    sold = set(data.item[data.at < moment].tolist())
    for who in sorted(set(data.shopper.tolist())):
        mine = [n for n in range(len(data)) if data.shopper[n] == who]
        before = [n for n in mine if data.at[n] < moment]
        came = {int(data.item[n]) for n in mine if data.at[n] >= moment} & sold
        if before and came:
            bought = {int(data.item[n]) for n in before if data.kind[n] == ORDER}
            found[who] = ([int(data.item[n]) for n in before], bought, came)
    return found


def told(cases):
    """The same of cases."""
    case, item = cases.bought()
    return {
        int(cases.shopper[n]): (
            cases.history.item[cases.start[n] : cases.start[n + 1]].tolist(),
            set(item[case == n].tolist()),
            set(cases.target[cases.target_start[n] : cases.target_start[n + 1]].tolist()),
        )
        for n in range(len(cases))
    }


def test_the_examples_in_the_documentation_hold():
    assert doctest.testmod(task).failed == 0 and doctest.testmod(task).attempted >= 2


@given(rows)
def test_cases_are_who_came_back_with_what_was_known_and_what_came(drawn):
    data = table(drawn, 9, 6)
    fold = at_moment(data, 15 * DAY)
    assert isinstance(fold, Fold) and (fold.train.at < 15 * DAY).all()
    assert told(fold.cases) == naive(data, 15 * DAY)
    assert (np.diff(fold.cases.history.shopper) >= 0).all()


@given(rows, st.data())
def test_taking_cases_keeps_each_whole(drawn, data):
    cases = at_moment(table(drawn, 9, 6), 15 * DAY).cases
    chosen = data.draw(st.lists(st.integers(0, len(cases) - 1), unique=True) if len(cases) else st.just([]))
    every, some = told(cases), told(cases.take(np.array(chosen, int)))
    assert some == {int(cases.shopper[n]): every[int(cases.shopper[n])] for n in chosen}


@given(rows)
def test_fresh_targets_were_never_bought_and_repeated_ones_are_in_the_history(drawn):
    cases = at_moment(table(drawn, 9, 6), 15 * DAY).cases
    for who, (history, bought, came) in told(cases).items():
        assert told(cases.fresh())[who] == (history, bought, came - bought)
        assert told(cases.only(cases.repeated()))[who] == (history, bought, came & set(history))


def test_orders_are_what_comes_where_a_shop_has_enough_of_them(monkeypatch):
    data = table([(1, 0, 0, VIEW), (1, 0, 1, ORDER), (1, 0, 2, VIEW), (9, 0, 0, VIEW), (9, 0, 1, ORDER)], 3, 1)
    assert told(at_moment(data, 5 * DAY).cases)[0][2] == {0, 1}
    monkeypatch.setattr(task, "FEWEST_ORDERS", 1)
    assert told(at_moment(data, 5 * DAY).cases)[0][2] == {1}


def test_new_shoppers_are_asked_about_when_told_so_and_have_no_history():
    data = table([(1, 0, 0, ORDER), (9, 0, 0, ORDER), (9, 1, 0, ORDER)], 1, 2)
    assert told(at_moment(data, 5 * DAY).cases) == {0: ([0], {0}, {0})}
    assert told(at_moment(data, 5 * DAY, cold=True).cases) == {0: ([0], {0}, {0}), 1: ([], set(), {0})}


def test_a_case_may_be_of_a_shopper_the_train_part_does_not_know_and_belong_to_a_group():
    train = table([(1, 0, 0, VIEW)], 2, 2)
    cases = asked(train, table([(2, 1, 1, VIEW)], 2, 2), [1], 3.0, shopper=[-1], group=[7])
    assert cases.shopper.tolist() == [-1] and cases.group.tolist() == [7] and cases.known.tolist() == [0]


def test_a_sample_is_the_same_each_time_and_in_order():
    cases = at_moment(table([(d, s, 0, ORDER) for d in (1, 20) for s in range(40)], 1, 40), 15 * DAY).cases
    some = cases.sample(10)
    assert (
        len(some) == 10 and some.shopper.tolist() == sorted(some.shopper.tolist()) == cases.sample(10).shopper.tolist()
    )
    assert cases.sample(40) is cases
