"""Sets read from tiny files of the same forms."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from infrastructure.cli.evaluate.datasets import lists, sessions, timed
from infrastructure.cli.evaluate.datasets.known import LOADERS, load
from infrastructure.local.layout import LocalStackError
from shared.models.interactions import CART, DAY, ORDER, VIEW
from tests.unit.cli.test_online_retail import HEAD

DATA = Path(os.environ.get("SHOPWINDOW_DATA", Path(__file__).parents[5] / "shared" / "data"))


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return folder


def told(cases, items):
    """(history, targets) of each case as item ids."""
    return [
        (
            items[cases.history.item[cases.start[n] : cases.start[n + 1]]].tolist(),
            sorted(items[cases.target[cases.target_start[n] : cases.target_start[n + 1]]].tolist()),
        )
        for n in range(len(cases))
    ]


def learned_from(data):
    """Items of each shopper in order."""
    found = {}
    for who, item in zip(data.shopper.tolist(), data.item.tolist(), strict=True):
        found.setdefault(who, []).append(str(data.items[item]))
    return list(found.values())


TRAIN = "\n".join(["1 2 1", "3 4"] * 9 + ["5 6 5 6", "7 8"])
PREFIXES = "1 2 3\t9\n1 2\t3\n1\t2\n4 4\t5\n4\t4\n"


def shop(folder, train=TRAIN, prefixes=PREFIXES):
    return write(folder, a_train_sessions__txt__gz=train, a_test_prefix_target__txt=prefixes)


def test_every_prefix_of_a_session_is_asked_about(tmp_path):
    made = load("retailrocket", shop(tmp_path))
    items = made.known.train.items
    assert told(made.test, items) == [
        (["1"], ["2"]),
        (["1", "2"], ["3"]),
        (["1", "2", "3"], ["9"]),
        (["4"], ["4"]),
        (["4", "4"], ["5"]),
    ]
    assert made.test.group.tolist() == [0, 0, 0, 1, 1] and set(made.test.shopper.tolist()) == {-1}
    assert made.test.repeated().tolist() == [False, False, False, True, False]
    assert learned_from(made.known.train) == [line.split() for line in TRAIN.split("\n")]
    assert "9" in items and 9 not in made.known.train.item


def test_the_last_sessions_are_the_validation_part_and_times_keep_the_order(tmp_path):
    made = load("yoochoose64", shop(tmp_path))
    known, (train, now, cases) = made.known, made.known.validation
    assert told(cases, train.items) == [(["7"], ["8"])]
    assert learned_from(train) == [line.split() for line in TRAIN.split("\n")][:-1]
    assert (np.diff(known.train.at) >= 0).all() and train.at.max() <= now <= cases.now.min()
    assert known.train.at.max() <= known.now + sessions.APART and (made.test.now > known.now).all()
    first = known.train.at[known.train.session == 0]
    assert (np.diff(first) == sessions.STEP).all()


def test_a_file_may_start_with_longer_prefixes_and_validation_then_does_too(tmp_path):
    made = load("retailrocket", shop(tmp_path, prefixes="1 2 3\t9\n1 2\t3\n4 4\t5\n", train="1 2 3 4\n" * 20))
    assert [len(history) for history, _ in told(made.test, made.known.train.items)] == [2, 3, 2]
    assert [len(history) for history, _ in told(made.known.validation.cases, made.known.train.items)] == [2, 3]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"prefixes": "1 2 3"}, "line 1 should be items, a tab and an item"),
        ({"prefixes": ""}, "is empty"),
        ({"train": "1 2\n3 x\n"}, "line 2 should hold whole numbers only: '3 x'"),
        ({"train": "1 2"}, "should hold one session a line"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, files, message):
    with pytest.raises(LocalStackError, match=message):
        load("retailrocket", shop(tmp_path, **files))


@pytest.mark.parametrize("name", LOADERS)
def test_a_folder_without_the_files_or_no_folder_is_said(tmp_path, name):
    if name != "online-retail":
        with pytest.raises(LocalStackError, match="should hold one file"):
            load(name, tmp_path)
    with pytest.raises(LocalStackError, match="Name the folder with the files"):
        load(name, tmp_path / "nowhere")


BOOK = {"train__txt": "0 1 2 3 4\n1 3\n2 5 6\n", "test__txt__gz": "0 9 1\n1 5\n2\n"}


def test_given_lists_are_taken_as_given_and_what_was_had_is_no_target(tmp_path):
    made = load("amazon-book", write(tmp_path, **BOOK))
    items = made.known.train.items
    assert learned_from(made.known.train) != [] and sorted(map(sorted, learned_from(made.known.train))) == [
        ["1", "2", "3", "4"],
        ["3"],
        ["5", "6"],
    ]
    assert told(made.test, items) == [(["1", "2", "3", "4"], ["9"]), (["3"], ["5"])]
    assert made.modes == ("new",) and not made.known.repeats


def test_a_tenth_of_given_lists_is_held_out_for_validation(tmp_path):
    rows = "\n".join(f"{user} " + " ".join(str((user * 7 + n) % 500) for n in range(20)) for user in range(100))
    made = load("amazon-book", write(tmp_path, train__txt=rows, test__txt="0 501\n"))
    train, _, cases = made.known.validation
    assert len(train) + len(cases.target) == 2000 and 140 < len(cases.target) < 260
    for history, targets in told(cases, train.items):
        assert not set(history) & set(targets)
    assert all(np.isin(made.known.train.items[made.known.train.item], train.items))


def test_the_last_item_is_left_out_and_the_one_before_it_for_validation(tmp_path):
    folder = write(
        tmp_path, Beauty__txt="1 10 11 12 13\n2 11 12 10\n", item2attributes__json='{"10": [1, 2], "11": [2]}'
    )
    made = lists.beauty(folder, "amazon-beauty")
    items = made.known.train.items
    assert told(made.test, items) == [(["10", "11", "12"], ["13"]), (["11", "12"], ["10"])]
    assert told(made.known.validation.cases, items) == [(["10", "11"], ["12"]), (["11"], ["12"])]
    assert learned_from(made.known.validation.train) == [["10", "11"], ["11"]]
    assert made.known.texts == {"10": "attribute1 attribute2", "11": "attribute2"}


BEHAVIOUR = """user,item,event,unix_time
0,1,view,100
0,2,view,50
0,2,buy,60
0,1,buy,200
0,3,view,300
1,5,cart,20
1,5,view,10
"""


def test_kinds_of_behaviour_and_the_held_out_order(tmp_path):
    folder = write(
        tmp_path, r_multibehaviour_train__csv=BEHAVIOUR, r_multibehaviour_test_buy__csv="user,item\n0,7\n1,2\n"
    )
    made = load("retailrocket-orders", folder)
    data, items = made.known.train, made.known.train.items
    assert list(zip(data.at.tolist(), items[data.item].tolist(), data.kind.tolist(), strict=True)) == [
        (10.0, "5", VIEW), (20.0, "5", CART), (50.0, "2", VIEW), (60.0, "2", ORDER), (100.0, "1", VIEW), (200.0, "1", ORDER), (300.0, "3", VIEW),
    ]  # fmt: skip
    assert told(made.test, items) == [(["2", "2", "1", "1", "3"], ["7"]), (["5", "5"], ["2"])]
    # the visitor's last order is held out, with the view of the same item and with what came later
    assert told(made.known.validation.cases, items) == [(["2", "2"], ["1"])]
    assert learned_from(made.known.validation.train) == [["5", "5"], ["2", "2"]]


def test_an_unknown_kind_of_behaviour_is_named(tmp_path):
    folder = write(
        tmp_path,
        r_multibehaviour_train__csv=BEHAVIOUR.replace("cart", "wish"),
        r_multibehaviour_test_buy__csv="user,item\n0,7\n",
    )
    with pytest.raises(LocalStackError, match="'wish'"):
        load("retailrocket-orders", folder)


RATED = [(1, 5), (1, 6), (2, 5), (1, 7), (1, 8), (2, 7), (2, 6), (2, 8), (3, 5), (1, 5)]
RATINGS = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + "".join(
    f"{user}\t{item}\t3\t{at}\n" for at, (user, item) in enumerate(RATED)
)
FILMS = {
    "ml-100k__inter": RATINGS,
    "ml-100k__user": "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n1\t24\tM\tother\t1\n2\t53\tF\twriter\t2\n3\t9\tF\twriter\t3\n",
    "ml-100k__item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n5\tA Film\t1995\tDrama War\n6\tB\t1995\tComedy\n",
}  # fmt: skip


def test_ratings_are_split_in_time_and_new_users_are_asked_about_by_what_they_said(tmp_path):
    made = load("movielens-100k", write(tmp_path, **FILMS))
    items, known = made.known.train.items, made.known
    assert told(made.test.fresh(), items) == [(["5", "6", "7", "8"], []), ([], ["5"])]
    assert len(known.train) == 8 and made.test.shopper.tolist() == [0, 2]
    assert known.demographics["age"].tolist() == ["20s", "50s", "0s"] and known.demographics["gender"].tolist() == [
        "M",
        "F",
        "F",
    ]
    assert known.facts["5"][0] == "Drama" and known.texts["5"] == "A Film Drama War"


def journey(days):
    rows = [f"1,1,{n},{100 + n % 3},2.0,5.00,0,0,0,1,2017-01-{n:02d} 10:00:00" for n in range(1, 29)]
    rows += [
        f"{home},1,{home}{day},10{home},1,1.5,0,0,0,1,2017-{3 + day // 28:02d}-{1 + day % 28:02d} 09:00:00"
        for home in (1, 2)
        for day in days
    ]
    return (
        "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,coupon_match_disc,week,transaction_timestamp\n"
        + "\n".join(rows)
    )


def test_baskets_with_prices_products_and_households(tmp_path):
    folder = write(
        tmp_path,
        transactions_sample__csv__gz=journey([0, 14, 40, 41, 70]),
        products__csv="product_id,manufacturer_id,department,brand,product_category,product_type,package_size\n100,2,GROCERY,National,ICE,CUBED,22 LB\n101,2,PASTRY,Private,,,\n",
        demographics__csv="household_id,age,income,home_ownership,marital_status,household_size,household_comp,kids_count\n2,65+,35-49K,,Married,2,2 Adults No Kids,0\n",
    )
    made = load("complete-journey", folder)
    known = made.known
    assert known.facts["100"] == ("ICE", "National", 2.5) and known.facts["101"][:2] == ("PASTRY", "Private")
    assert known.texts["100"] == "GROCERY National ICE CUBED 22 LB"
    assert known.demographics["age"].tolist() == ["", "65+"] and known.train.kind.tolist() == [ORDER] * len(known.train)
    assert known.now - known.validation.now == 30 * DAY
    assert told(made.test, known.train.items)[1] == (["102", "102", "102", "102"], ["102"])


def retail(lines):
    return HEAD + "".join(
        f"{i},{code},A BIRD {code},6,{day} 08:00:00,2.5,{who},United Kingdom\n"
        for i, (day, who, code) in enumerate(lines, 536365)
    )


def test_online_retail_goes_through_lake_and_preparation_and_is_split_at_its_day(tmp_path):
    early, late, test = "2011-09-20", "2011-10-20", "2011-11-20"
    rows = [
        (early, "1.0", "85123"),
        (early, "2.0", "85124"),
        (late, "1.0", "85123"),
        (late, "2.0", "85123"),
        (test, "1.0", "85124"),
        (test, "2.0", "99999"),
    ]
    (tmp_path / "online_retail.csv").write_text(retail(rows))
    made = load("online-retail", tmp_path)
    known = made.known
    assert told(made.test, known.train.items) == [(["85123", "85123"], ["85124"])]  # 99999 could not be foreseen
    assert known.facts["85123"] == ("Garden", "", 2.5) and known.texts["85123"] == "A bird 85123"
    assert known.demographics["country"].tolist() == ["GB", "GB"]
    assert sorted(told(known.validation.cases, known.train.items)) == [(["85123"], ["85123"]), (["85124"], ["85123"])]


def test_too_little_data_is_said(tmp_path):
    (tmp_path / "online_retail.csv").write_text(retail([("2011-09-20", "1.0", "85123")]))
    with pytest.raises(LocalStackError, match="too little data to measure on"):
        timed.online_retail(tmp_path, "online-retail")


EXPECTED = {  # train rows, cases
    "retailrocket": (685_984, 15_132), "retailrocket-orders": (97_381, 2_174), "yoochoose64": (486_026, 55_898), "amazon-book": (652_514, 70_591),
    "amazon-beauty": (176_139, 22_363), "movielens-100k": (79_999, 299),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_the_public_files_are_read_whole(name):
    if not (DATA / LOADERS[name][0]).is_dir():
        pytest.skip(f"no {LOADERS[name][0]} in SHOPWINDOW_DATA or beside the repository")
    made = load(name, DATA)
    assert (len(made.known.train), len(made.test)) == EXPECTED[name]
    early = made.known.validation
    assert len(early.train) < len(made.known.train) and early.now <= made.known.now
