"""A shop in memory, and a stand-in for DynamoDB in another process that answers BatchGetItem from it."""

import asyncio
import base64
import json
import multiprocessing
import random
import socket

import msgspec

from shared.catalog.model import Item, Price
from shared.catalog.model import encode as encode_item
from shared.lists.model import Pointer, encode
from shared.lists.newcomers import Newcomer
from shared.lists.newcomers import encode as encode_newcomers
from shared.merchandising.parse import parse
from shared.merchandising.plan import Pointer as PlanPointer
from shared.merchandising.plan import Published, key
from shared.merchandising.plan import encode as encode_plan
from shared.profiles.state import Candidate, Purchase, State, Touch
from shared.profiles.state import encode as encode_state
from shared.recommend.loaded import mistakes

TABLES = {"s": "shoppers", "l": "lists", "c": "catalog", "r": "plans"}
CACHED = {letter: table for letter, table in TABLES.items() if letter != "r"}
ENV = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "WRITE_KEY": "write-key",
    "SECRET_ARN": "secret",
    "IDENTITY_KEY_ARN": "identity-key",
    "MODELS_BUCKET": "models",
    **{f"{table.upper()}_TABLE": table for table in TABLES.values()},
}
WRITE_KEY = "Basic d3JpdGUta2V5Og=="
SHOPPERS, ITEMS, NEIGHBOURS = 200, 2000, 50


def shop(seed, planned=False):
    """table -> pk -> bytes. Sizes are those of a middling shop: an item has about 700 bytes, a state 100 candidates."""
    rng = random.Random(seed)
    names = [f"item-{n:05}" for n in range(ITEMS)]

    def scored(length):
        return [(name, round(1 - place / length, 4)) for place, name in enumerate(rng.sample(names, length))]

    lists = {"pointer": encode(Pointer("v1", ["v1"]))}
    lists |= {f"v1#{kind}#{name}": encode(scored(NEIGHBOURS)) for kind in ("similar", "together") for name in names}
    kinds = ("popular", "trending", "high-margin", "new-arrivals")
    lists |= {
        f"{version}#{kind}#{segment}": encode(scored(100))
        for version in ("v1", "live")
        for kind in kinds
        for segment in ("all", "country:DE", "device:mobile")
    }
    lists["live#newcomers#all"] = encode_newcomers(Newcomer(name, "Camping", scored(12)) for name in names[:200])
    return {
        "shoppers": {f"a#s{n}": encode_state(state(rng, names)) for n in range(SHOPPERS)},
        "lists": lists,
        "catalog": {name: encode_item(item(rng, name)) for name in names},
        "plans": published(plan(rng, names)) if planned else {},
    }


def published(document):
    made = msgspec.structs.replace(parse(document, 1.8e9, [mistakes]), version="1")
    return {"pointer": encode_plan(PlanPointer("1", (Published("1", 1.8e9),))), key("1"): encode_plan(made)}


def plan(rng, names):
    """100 rules that all hold, half of them about items of some kind; 200 candidates, variety and an experiment everywhere."""
    kinds = [f'item.brand = "{letter * 5}" and item.price < {price}' for letter in "ABCDEF" for price in (10, 15, 25)]
    kinds += ['item.attributes.colour = "green"', "item.stock > 5", "item.age < 30"]
    rules = []
    for n in range(100):
        action = ("boost", "bury", "exclude", "pin", "include")[n % 5]
        about = {"where": rng.choice(kinds)}
        if action in ("pin", "exclude"):
            about = {"items": rng.sample(names, 1)}
        more = {"pin": {"slots": [1 + n % 2]}, "include": {"share": 0.1}, "boost": {"by": 1.2}, "bury": {"by": 1.25}}
        when = rng.choice(["shopper.views >= 0", 'context.device != "tablet"', "shopper.cart_size < 50"])
        rules.append({"name": f"rule-{n:03}", "action": action, "when": when, **about, **more.get(action, {})})
    settings = {"pool": 200, "dials": {"diversity": 0.3, "brandCap": 6, "freshness": 0.1}}
    variants = [{"name": "on", "share": 0.5, "settings": {"dials": {"margin": 0.2}}}, {"name": "off", "share": 0.5}]
    used = ["home", "product", "cart"]
    return {
        "rules": rules,
        "placements": dict.fromkeys(used, settings),
        "experiments": {"margin": {"placements": used, "variants": variants}},
    }


def item(rng, name):
    return Item(
        id=name,
        title=f"An article with the name of {name}",
        link=f"https://shop.example/{name}",
        image_link=f"https://shop.example/{name}.jpg",
        price=Price(19.9, "EUR"),
        brand=rng.choice("ABCDEF") * 5,
        product_type="Camping > Tents",
        in_stock=rng.random() > 0.05,
        description="Words that say what it is. " * 15,
        attributes={"colour": "green", "size": "M"},
    )


def state(rng, names):
    candidates = [Candidate(name, round(1 - n / 120, 5), "for_you") for n, name in enumerate(rng.sample(names, 100))]
    return State(
        recent=[Touch(name, 1.8e9, 2, 0, 31.5, 0.8, 0, 3) for name in rng.sample(names, 50)],
        purchases=[Purchase(name, 1.8e9, 1, 1.0, 1.8e9) for name in rng.sample(names, 40)],
        categories={f"Category {n}": rng.random() for n in range(12)},
        brands={f"Brand {n}": rng.random() for n in range(12)},
        candidates=candidates,
        traits={"country": "DE", "device": "mobile"},
        model_version="v1",
        message_ids=[rng.getrandbits(62) for _ in range(128)],
    )


class Stub(asyncio.Protocol):
    """BatchGetItem over HTTP/1.1. Each answer is made once and from then on only sent."""

    tables: dict[str, dict[str, bytes]] = {}
    answers: dict[bytes, bytes] = {}
    delay = 0.0

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
        if separator and len(body) >= length:
            self.buffer = b""
            answer = self.answers.get(body) or self.answers.setdefault(body, self.made(body))
            asyncio.get_running_loop().call_later(self.delay, self.transport.write, answer)

    def made(self, body):
        found = {
            table: [
                {"pk": {"S": pk}, "value": {"B": base64.b64encode(self.tables[table][pk]).decode()}}
                for pk in (key["pk"]["S"] for key in asked["Keys"])
                if pk in self.tables[table]
            ]
            for table, asked in json.loads(body)["RequestItems"].items()
        }
        answer = json.dumps({"Responses": found, "UnprocessedKeys": {}}, separators=(",", ":")).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(answer)}\r\n\r\n"
        return head.encode() + answer


def serve(seed, delay, planned, port):
    async def run():
        Stub.tables, Stub.delay = shop(seed, planned), delay / 1000
        server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def start(seed, delay=0.0, planned=False):
    """The process and its address. It answers `delay` milliseconds after it was asked."""
    spawn = multiprocessing.get_context("spawn")
    port = spawn.Queue()
    process = spawn.Process(target=serve, args=(seed, delay, planned, port), daemon=True)
    process.start()
    return process, f"http://127.0.0.1:{port.get(timeout=60)}"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
