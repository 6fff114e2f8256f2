"""Off-policy estimators on the Open Bandit sample: the Bernoulli Thompson sampling policy valued from the random policy's log, against what
it really brought: python -m tests.benchmarks.offpolicy --data FOLDER (the folder with bts/ and random/)."""

import argparse
import csv
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

from shared.experiments.offpolicy import Logged, by_cell, doubly_robust, ips, snips

CAMPAIGNS = ("men", "women")
SLOTS = 3


class Rows(NamedTuple):
    item: np.ndarray
    place: np.ndarray
    click: np.ndarray
    chance: np.ndarray


def load(folder, policy, campaign):
    with gzip.open(Path(folder, policy, campaign, f"{campaign}.csv.gz"), "rt") as lines:
        found = [
            (int(row["item_id"]), int(row["position"]) - 1, int(row["click"]), float(row["propensity_score"]))
            for row in csv.DictReader(lines)
        ]
    item, place, click, chance = map(np.array, zip(*found, strict=True))
    return Rows(item, place, click.astype(float), chance)


def policy(rows, items):
    """(slots, items) how often each item was chosen for a slot over the log's time. The policy learned meanwhile, and the mean of the
    logged chances would count the times twice at which an item's was high."""
    counts = np.zeros((SLOTS, items))
    np.add.at(counts, (rows.place, rows.item), 1.0)
    return counts / counts.sum(axis=1, keepdims=True)


def estimates(log, target):
    """{name: Estimate} of a (slots, items) policy from a log of another."""
    items = target.shape[1]
    logged = Logged(log.click, log.chance, target[log.place, log.item])
    cell = log.place * items + log.item
    wide = np.zeros((SLOTS, SLOTS * items))
    for slot in range(SLOTS):
        wide[slot, slot * items : (slot + 1) * items] = target[slot]
    model = by_cell(cell, log.click, wide, log.place)
    return {"IPS": ips(logged), "SNIPS": snips(logged), "DR": doubly_robust(logged, model)}


def truth(rows):
    """(mean clicks, its 95 % radius) of a policy on its own log."""
    return float(rows.click.mean()), 1.96 * float(rows.click.std(ddof=1)) / len(rows.click) ** 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path)
    args = parser.parse_args()
    print(
        "| campaign | log | of | on-policy | estimator | value (95 %) | relative error | effective rows |\n|---|---|---|--:|---|--:|--:|--:|"
    )
    for campaign in CAMPAIGNS:
        logs = {name: load(args.data, name, campaign) for name in ("random", "bts")}
        items = max(int(rows.item.max()) for rows in logs.values()) + 1
        mean, radius = truth(logs["bts"])
        for name, one in estimates(logs["random"], policy(logs["bts"], items)).items():
            own, error = f"{mean:.4f} ± {radius:.4f}", one.value / mean - 1
            value = f"{one.value:.4f} ({one.low:.4f}–{one.high:.4f})"
            print(
                f"| {campaign} | random | Thompson | {own} | {name} | {value} | {error:+.0%} | {one.effective:,.0f} |"
            )
        mean, radius = truth(logs["random"])
        even = np.full((SLOTS, items), 1.0 / items)
        for name, one in estimates(logs["bts"], even).items():
            own, error = f"{mean:.4f} ± {radius:.4f}", one.value / mean - 1
            value = f"{one.value:.4f} ({one.low:.4f}–{one.high:.4f})"
            print(
                f"| {campaign} | Thompson | random | {own} | {name} | {value} | {error:+.0%} | {one.effective:,.0f} |"
            )


if __name__ == "__main__":
    main()
