"""Baselines written as their papers and session-rec say, loop by loop, and a made-up set to run them on."""

import math
from collections import Counter, defaultdict

import numpy as np

from shared.evaluation.task import Known, at_moment
from shared.models.interactions import DAY, ORDER, VIEW, Interactions


def sessions(data):
    """Items of each session in order of time, sessions in order of their ends."""
    found, ends = defaultdict(list), {}
    for row in range(len(data)):
        found[int(data.session[row])].append(int(data.item[row]))
        ends[int(data.session[row])] = float(data.at[row])
    return [found[number] for number in sorted(found, key=lambda one: (ends[one], one))]


def association(data):
    rules = defaultdict(Counter)
    for session in sessions(data):
        for place, item in enumerate(session):
            for before in session[:place]:
                if before != item:
                    rules[before][item] += 1
                    rules[item][before] += 1
    return lambda history: rules[history[-1]] if history else {}


def sequential(data, steps, itself):
    rules = defaultdict(Counter)
    for session in sessions(data):
        for place, item in enumerate(session):
            for step in range(1, min(steps, place) + 1):
                if itself or session[place - step] != item:
                    rules[session[place - step]][item] += 1 / step
    return lambda history: rules[history[-1]] if history else {}


def sknn(data, sample, k, cosine=True, positions=False, fading=False, idf=False):
    known = sessions(data)
    having = Counter(item for session in known for item in set(session))

    def scores(history):
        near = [n for n, session in enumerate(known) if set(session) & set(history)][::-1][:sample]
        weights = {item: (place + 1) / len(history) if positions else 1.0 for place, item in enumerate(history)}

        def similarity(n):
            value = sum(weights[item] for item in set(known[n]) & set(history))
            lengths = math.sqrt(sum(w**2 for w in weights.values()) * len(set(known[n])))
            return value / lengths if cosine else value

        best = sorted(near, key=lambda n: (-round(similarity(n), 9), -n))[:k]
        total = Counter()
        for n in best:
            step = next(s for s, item in enumerate(reversed(history), 1) if item in known[n])
            for item in set(known[n]):
                worth = math.log(len(known) / having[item]) if idf else 1.0
                total[item] += similarity(n) / (step if fading else 1) * worth
        return total

    return scores


def ease(data, weight):
    rows = np.zeros((len(data.shoppers), len(data.items)))
    rows[data.shopper, data.item] = 1.0
    inverse = np.linalg.inv(rows.T @ rows + weight * np.eye(rows.shape[1]))
    weights = np.eye(rows.shape[1]) - inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return lambda history: dict(enumerate(weights[sorted(set(history))].sum(axis=0))) if history else {}


def rp3beta(groups, items, size, beta):
    """Chances of item -> group -> other item, divided by (popularity of the other / that of the most popular)^beta."""
    counts = Counter(zip(groups.tolist(), items.tolist(), strict=True))
    of_group, of_item = Counter(groups.tolist()), Counter(items.tolist())
    top = max(of_item.values())
    walk = np.zeros((size, size))
    for (group, one), there in counts.items():
        for (same, other), back in counts.items():
            if same == group and one != other:
                walk[one, other] += there / of_item[one] * back / of_group[group] / (of_item[other] / top) ** beta
    return walk


def scores_of(ranker, cases):
    """Of each case item -> score, as the ranker has them."""
    made = ranker.scores(cases)
    dense = made.toarray() if hasattr(made, "toarray") else np.where(np.isinf(made), 0.0, made)
    return [{item: value for item, value in enumerate(row) if value != 0} for row in dense.tolist()]


def histories(cases):
    return [cases.history.item[a:b].tolist() for a, b in zip(cases.start[:-1], cases.start[1:], strict=True)]


def made_up(seed, shoppers=30, items=12, rows=260, days=40, orders=0.3):
    """Shoppers who like some items, in sessions of an hour."""
    random = np.random.default_rng(seed)
    who = np.sort(random.integers(shoppers, size=rows))
    day = random.integers(days, size=rows)
    order = np.lexsort((who, day + random.random(rows) / 24))
    liked = random.random((shoppers, items)) ** 3
    item = np.array([random.choice(items, p=liked[w] / liked[w].sum()) for w in who])
    _, session = np.unique(np.stack([who, day]), axis=1, return_inverse=True)
    kind = np.where(random.random(rows) < orders, ORDER, VIEW)
    return Interactions(
        items=np.array([f"i{n:03}" for n in range(items)]),
        shoppers=np.arange(shoppers, dtype=np.uint64),
        shopper=who[order].astype(np.int32),
        item=item[order].astype(np.int32),
        at=(day * DAY + 3600 * random.random(rows))[order][np.argsort((day * DAY + 0.0)[order], kind="stable")],
        kind=kind[order].astype(np.int8),
        session=session.ravel()[order].astype(np.int32),
        basket=np.where(kind[order] == ORDER, np.arange(rows), -1).astype(np.int32),
        quantity=np.ones(rows, np.float32),
        countries=np.full(shoppers, "", "U2"),
    )


def in_order(data):
    """Rows in order of time, as a set has them."""
    return data.where(np.argsort(data.at, kind="stable"))


def fold_of(seed, moment=30, **sizes):
    return at_moment(in_order(made_up(seed, **sizes)), moment * DAY)


def known_of(seed, task="top", **sizes):
    fold = fold_of(seed, **sizes)
    return Known(task, fold.train, fold.now, at_moment(fold.train, 20 * DAY)), fold.cases
