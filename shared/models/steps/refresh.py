"""From what came since the night to a refreshed version, if nothing speaks against it."""

import hashlib
from typing import Any

import numpy as np

from shared.models import bundle, content, impute, interactions, lists, people
from shared.models.drift import drift
from shared.models.fit import described
from shared.models.known import Texts
from shared.models.known import told as in_words
from shared.models.members import base_of
from shared.models.merge import carried, carried_segments, merged
from shared.models.refresh import objections, refresh
from shared.models.steps.bench import Bench, facts_of


def do_refresh(bench: Bench, version: str, told: dict[str, float]) -> dict[str, Any]:
    """`told` is what the click model made of the impressions since. `passed` says whether to publish, `reasons` why not.

    Every refresh starts from the night's version, never from another refresh: errors do not add up, and a retry makes the same.
    """
    night, run = bench.run(base_of(version)), bench.run(version)
    known, new = interactions.load(night.get("interactions.npz")), interactions.load(run.get("new.npz"))
    left = np.frombuffer(run.get("left.bin"), ">u8").astype(np.uint64)
    data, base = merged(known, new, left), bundle.load(night.get("bundle.npz", "models"))
    since, now = float(new.at.min()), float(data.at.max())
    items = bench.items()
    anew = content.placed_anew(content.load(night.get("content.npz", "models")), items.values())
    anew = content.counted(anew, data.items, data.dealings)
    made = described(refresh(base, data, since, now), facts_of(items.values()))
    made = in_words(made, Texts(anew.ids, anew.vectors))
    changes = {**drift(known, new), "clicks": told}
    reasons = objections(base, made, now)
    packed = bundle.dump(made)
    run.put("bundle.npz", packed)
    besides = lists.Besides(
        carried(impute.load(night.get("guesses.npz")), known, data),
        carried_segments(people.load(night.get("segments.npz")), known, data),
        items,
        anew,
    )
    run.put("content.npz", content.dump(anew))
    run.put("lists.msgpack", lists.dump(lists.lists(data, made, now, besides)))
    run.put_json(
        "manifest.json",
        {
            **night.get_json("manifest.json", "models"),
            "version": version,
            "code": bench.code,
            "refreshes": base_of(version),
            "items": made.size,
            "interactions": len(data),
            "until": now,
            "sha256": hashlib.sha256(packed).hexdigest(),
            "drift": changes,
        },
    )
    # measured is the night's model: what an hour brings cannot be held out
    for name, kind in (("metrics.json", "application/json"), ("report.html", "text/html; charset=utf-8")):
        run.put(name, night.get(name, "models"), kind)
    return {
        "version": version,
        "passed": not reasons,
        "reasons": reasons,
        "interactions": len(new),
        "new_items": made.size - base.size,
        "drift": changes,
    }
