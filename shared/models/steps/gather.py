"""What came since the serving version was trained, for the refresh that folds it in."""

import tempfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from shared.models import clicks, interactions, members
from shared.models.members import base_of
from shared.models.prepare import Prepared, Room, Rules, Since, prepare
from shared.models.runs import Run, download
from shared.models.steps.bench import Bench
from shared.models.steps.lake import Lake

FEWEST = 20  # new interactions; fewer are not worth a version


def do_gather(bench: Bench, lake: Lake) -> dict[str, Any]:
    """`refresh` says whether there is something to fold in, `reasons` why not. `version` is what the refreshed one will be called."""
    pointer, _ = bench.lists.pointer()
    if not pointer.current:
        return _nothing("No model has been published yet.")
    if pointer.current != pointer.kept[0]:
        return _nothing(f"Somebody went back to {pointer.current}; it stays as it is until the next training.")
    base = base_of(pointer.current)
    night = bench.run(base)
    try:
        state = clicks.load(night.get("clicks.npz"))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
        return _nothing(f"What {base} learned from is gone, so nothing can be added to it.")
    manifest = night.get_json("manifest.json")
    if manifest.get("sampled"):
        return _nothing(f"{base} was fitted on more than one machine holds, so it cannot be counted again by the hour.")
    found = read_since(bench, lake, base, float(manifest["until"]))
    if found is None or len(found.interactions) < FEWEST:
        return _nothing(f"Less than {FEWEST} new views, carts or order lines since {base} was trained.")
    version = following(pointer.current)
    run = bench.run(version)
    run.put("new.npz", interactions.dump(found.interactions))
    run.put("left.bin", members.dump(base, found.withdrawn))
    run.put("members.bin", members.union(night.get("members.bin"), members.dump(base, found.members)))
    return {"version": version, "refresh": True, "clicks": judged(run, state, found, bench), "reasons": []}


def judged(run: Run, state: clicks.Clicks, found: Prepared, bench: Bench) -> dict[str, float]:
    """The click model, as of the night, goes on with what was shown since."""
    state, told = clicks.learned(state, found.impressions, bench.facts())
    run.put("clicks.npz", clicks.dump(state))
    return told


def read_since(bench: Bench, lake: Lake, base: str, moment: float) -> Prepared | None:
    """None when the lake has no newer hour."""
    with tempfile.TemporaryDirectory() as scratch:
        files = download(bench.client, lake.bucket, Path(scratch, "lake"), moment)
        if not files:
            return None
        live = lake.graph()
        room = Room(str(Path(scratch, "duckdb")))
        return prepare(files, base, Rules(lake.protection, live.cuts), room, Since(moment, live.profiles))


def following(version: str) -> str:
    """
    >>> following("20260301T030000Z"), following("20260301T030000Z.r9")
    ('20260301T030000Z.r1', '20260301T030000Z.r10')
    """
    number = version.partition(".r")[2]
    return f"{base_of(version)}.r{int(number or 0) + 1}"


def _nothing(reason: str) -> dict[str, Any]:
    return {"refresh": False, "reasons": [reason]}
