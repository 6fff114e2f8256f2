"""Sets with times of their own, split in time: UCI Online Retail, complete-journey baskets, MovieLens-100k, and any window of a lake.

The last part is the test, the last part of what lies before it validation.
"""

import math
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from infrastructure.cli.evaluate.datasets.files import find, interactions, places, rows
from infrastructure.cli.online_retail import OnlineRetail
from infrastructure.local.layout import LocalStackError
from shared.evaluation.protocol import Facts, split_at
from shared.evaluation.task import Dataset, Known, at_moment
from shared.events.lake import lines
from shared.events.model import encode
from shared.models.interactions import DAY, Interactions
from shared.models.people import People
from shared.models.prepare import ROOM, Room, prepare

MONTH = 30 * DAY
RETAIL_SPLIT = datetime(2011, 11, 9, tzinfo=UTC).timestamp()
LATEST = 0.2  # of MovieLens' rows are the test, and of those before it validation
HOUSEHOLD = ("age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count")
Words = dict[str, NDArray[Any]]


class About(NamedTuple):
    """What is known of items, by id, and of shoppers."""

    facts: Facts
    texts: dict[str, str]
    demographics: Words


def online_retail(folder: Path, name: str) -> Dataset:
    """Train to 8 November 2011, test on the 30 days after. Refunds, rows without a customer, non-positive rows and non-products dropped."""
    shop = OnlineRetail(folder)
    events = [e for e in shop.events() if e.event == "Order Completed" and e.verified]
    with tempfile.TemporaryDirectory() as made:
        path = Path(made, "events.jsonl.gz")
        path.write_bytes(lines(encode(event) for event in events))
        found = prepare([str(path)], "evaluation", room=Room(made))
    items = shop.catalog()
    about = About(
        {item["id"]: (item["product_type"], "", float(item["price"].split()[0])) for item in items},
        {item["id"]: item["title"] for item in items},
        _said(found.people),
    )
    return _split(name, found.interactions, (RETAIL_SPLIT, RETAIL_SPLIT - MONTH), about)


def complete_journey(folder: Path, name: str) -> Dataset:
    """Households' baskets; the last 30 days are the test, the 30 before them validation."""
    path = find(folder, "transactions_sample.csv")
    columns = ("household_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp")
    try:
        bought = [row for row in rows(path, columns) if float(row["quantity"] or 0) > 0]
        homes, baskets = (np.unique([row[column] for row in bought]) for column in columns[:2])
        data = interactions(
            places(homes, [row["household_id"] for row in bought]),
            [row["product_id"] for row in bought],
            [_seconds(row["transaction_timestamp"]) for row in bought],
            quantity=[float(row["quantity"]) for row in bought],
            basket=places(baskets, [row["basket_id"] for row in bought]),
        )
        about = About(*_products(folder, _prices(bought)), _households(folder, homes))
    except ValueError as error:
        raise LocalStackError(f"{path} cannot be read: {error}") from None
    moment = float(data.at.max()) - MONTH
    return _split(name, data, (moment, moment - MONTH), about)


def movielens(folder: Path, name: str) -> Dataset:
    """Every rating is a purchase, whatever its value. The last fifth of the ratings is the test, with users who were not there before:
    of them only age, gender and occupation are known."""
    path = find(folder, "ml-100k.inter")
    users, words = _users(find(folder, "ml-100k.user"))
    ratings = list(rows(path, ("user_id:token", "item_id:token", "timestamp:float"), "\t"))
    try:
        data = interactions(
            places(users, [row["user_id:token"] for row in ratings]),
            [row["item_id:token"] for row in ratings],
            [float(row["timestamp:float"]) for row in ratings],
            shoppers=len(users),
        )
    except ValueError as error:
        raise LocalStackError(f"{path} cannot be read: {error}") from None
    moment = float(np.quantile(data.at, 1 - LATEST))
    early = float(np.quantile(data.before(moment).at, 1 - LATEST))
    return _split(name, data, (moment, early), About(*_films(find(folder, "ml-100k.item")), words), cold=True)


def lake(files: Sequence[str], name: str, facts: Facts, texts: dict[str, str], room: Room = ROOM) -> Dataset:
    """Lake files, read as training reads them and split where training splits: the last fifth of the time, at most 30 days."""
    found = prepare(files, "evaluation", room=room)
    data = found.interactions
    if not len(data):
        raise LocalStackError(
            "The lake has nothing to learn from in these days: no views or orders of shoppers who agreed."
        )
    moment = split_at(data)
    before = data.before(moment)
    early = split_at(before) if len(before) else moment
    return _split(name, data, (moment, early), About(facts, texts, _said(found.people)))


def _split(name: str, data: Interactions, moments: tuple[float, float], about: About, *, cold: bool = False) -> Dataset:
    """`moments` are where test and validation begin. With `cold`, who is new is asked about, and what was had is no target."""
    moment, early = moments
    test = at_moment(data, moment, cold=cold)
    validation = at_moment(test.train, early, cold=cold)
    if not len(test.cases) or not len(validation.cases):
        raise LocalStackError(
            f"{name}: nobody came back in the last days, or in those before: too little data to measure on."
        )
    known = Known("top", test.train, moment, validation, *about, repeats=not cold)
    return Dataset(name, known, test.cases, ("new",) if cold else ("repeats", "new"), NOTES.get(name, ""))


NOTES = {
    "online-retail": "Train to 2011-11-08, test on the 30 days after.",
    "complete-journey": "Test on the last 30 days.",
    "movielens-100k": "Every rating is a purchase; test on the last fifth of the ratings, new users included.",
}


def _said(people: People) -> Words:
    """Country, gender, device, and the decade of birth."""
    years = [f"{int(year) // 10 * 10}s" if year == year else "" for year in people.birth_year.tolist()]  # noqa: PLR0124 - NaN
    words = {
        "country": people.country,
        "gender": people.gender,
        "device": people.device,
        "born": np.array(years, np.str_),
    }
    return {name: column for name, column in words.items() if (column != "").any()}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _prices(bought: list[dict[str, str]]) -> dict[str, float]:
    """The median of what was paid for one."""
    paid: dict[str, list[float]] = defaultdict(list)
    for row in bought:
        paid[row["product_id"]].append(float(row["sales_value"]) / float(row["quantity"]))
    return {item: median(values) for item, values in paid.items()}


def _products(folder: Path, prices: dict[str, float]) -> tuple[Facts, dict[str, str]]:
    columns = ("product_id", "department", "brand", "product_category", "product_type", "package_size")
    facts, texts = {}, {}
    for row in rows(find(folder, "products.csv"), columns):
        item = row["product_id"]
        facts[item] = (row["product_category"] or row["department"], row["brand"], prices.get(item, math.nan))
        texts[item] = " ".join(row[name] for name in columns[1:] if row[name])
    return facts, texts


def _households(folder: Path, homes: NDArray[Any]) -> Words:
    """Most households said nothing: those have ""."""
    said = {row["household_id"]: row for row in rows(find(folder, "demographics.csv"), ("household_id", *HOUSEHOLD))}
    nothing = dict.fromkeys(HOUSEHOLD, "")
    return {name: np.array([said.get(home, nothing)[name] for home in homes.tolist()], np.str_) for name in HOUSEHOLD}


def _users(path: Path) -> tuple[NDArray[Any], Words]:
    """Ids, sorted, and what each said; of the age the decade."""
    found = {
        row["user_id:token"]: row
        for row in rows(path, ("user_id:token", "age:token", "gender:token", "occupation:token"), "\t")
    }
    users = sorted(found)
    words = {name: [found[user][f"{name}:token"] for user in users] for name in ("age", "gender", "occupation")}
    words["age"] = [f"{int(age) // 10 * 10}s" if age.isdecimal() else "" for age in words["age"]]
    return np.array(users), {name: np.array(column) for name, column in words.items()}


def _films(path: Path) -> tuple[Facts, dict[str, str]]:
    """The first genre as the category; title and genres as the text."""
    facts, texts = {}, {}
    for row in rows(path, ("item_id:token", "movie_title:token_seq", "class:token_seq"), "\t"):
        facts[row["item_id:token"]] = (row["class:token_seq"].split(" ")[0], "", math.nan)
        texts[row["item_id:token"]] = f"{row['movie_title:token_seq']} {row['class:token_seq']}"
    return facts, texts
