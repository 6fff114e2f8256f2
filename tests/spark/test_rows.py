"""The same lake read by both ways gives the same interactions."""

from datetime import UTC, datetime

import numpy as np
import pytest

from infrastructure.cli.generator import GeneratedShop
from shared.events import lake
from shared.events.model import encode
from shared.identity.graph import Settings
from shared.models.prepare import Room, Rules, prepare
from shared.models.spark.events import own, read
from shared.models.spark.rows import MEMBERS, counts, rows
from shared.models.spark.sample import sample

VERSION = "20260303T030000Z"


def both(spark, folder, events, rules=Rules()):
    path = folder / "a.jsonl.gz"
    path.write_bytes(lake.lines(encode(e) for e in events))
    read(spark, [str(path)])
    graph = own(spark, rules)
    rows(spark)
    interactions, people = sample(spark, VERSION)
    members = [row.shopper for row in spark.sql(MEMBERS).collect()]
    found = (interactions, people, graph, members, counts(spark))
    one = prepare([str(path)], VERSION, rules, Room(str(folder / "spill")))
    return one, found


def test_shop(spark, tmp_path):
    import time
    t=time.time()
    shop = GeneratedShop(seed=3, shoppers=200, until=datetime(2026, 3, 2, tzinfo=UTC), weeks=6, items=150)
    evs=list(shop.events())
    print(len(evs), time.time()-t)
    one, found = both(spark, tmp_path, evs)
    print(time.time()-t)
    a,b=one.interactions,found[0]
    print(len(a),len(b), len(a.items))
    for f in ("items","shoppers","countries","shopper","at","kind","item","session","basket","quantity"):
        print(f, np.array_equal(getattr(a,f),getattr(b,f)))
    for f in one.people._fields:
        x,y=getattr(one.people,f),getattr(found[1],f)
        print(f, np.array_equal(x,y, equal_nan=x.dtype.kind=="f"), x[:5],y[:5])
    print(one.identity==found[2], set(one.members)==set(found[3]), len(one.members))
    print(one.counts); print(found[4])
