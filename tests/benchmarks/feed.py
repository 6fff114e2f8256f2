"""`python -m tests.benchmarks.feed`: what a row of a catalog feed costs the function, the network and DynamoDB apart."""

import io
import time

import boto3
from botocore.awsrequest import AWSResponse

from shared.catalog.feed import lines
from shared.catalog.store import CatalogStore

ROWS = 20_000
WRITES = 4_000
HEADER = "id,title,description,link,image_link,availability,price,brand,product_type,stock,colour\n"
ROW = (
    'sku{n},Alm Tent {n} for two,"A light tent, for two people and their things",https://shop.example/p/{n},'
    "https://shop.example/i/{n}.jpg,in_stock,{n}.50 EUR,Alm,Camping > Tents,{n},green\n"
)


class Answered:
    """The body of an answer that a service would have sent."""

    def stream(self, *_args, **_kwargs):
        yield b"{}"


def answer(request, **_):
    return AWSResponse(request.url, 200, {"content-length": "2"}, Answered())


def main():
    content = (HEADER + "".join(ROW.format(n=n) for n in range(ROWS))).encode()
    began = time.process_time()
    items = [line.item for line in lines("feed.csv", io.BytesIO(content), 1.0)]
    print(f"read and checked: {ROWS / (time.process_time() - began):,.0f} rows per second of CPU")

    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    client.meta.events.register("before-send.dynamodb.PutItem", answer)
    store = CatalogStore(client, "catalog")
    store.put_many(items[:100])
    began = time.process_time()
    assert all(store.put_many(items[:WRITES]))
    print(f"written: {WRITES / (time.process_time() - began):,.0f} items per second of CPU")


if __name__ == "__main__":
    main()
