"""Tables as the template makes them, on DynamoDB as moto or the emulator plays it."""

ARRIVALS = {
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "arrivals",
            "KeySchema": [
                {"AttributeName": "part", "KeyType": "HASH"},
                {"AttributeName": "first_seen", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ]
}


def create(client, *names):
    for name in names:
        index = ARRIVALS if "catalog" in name.lower() else {}
        attributes = [("pk", "S"), *(index and [("part", "S"), ("first_seen", "N")])]
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in attributes],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            **index,
        )
