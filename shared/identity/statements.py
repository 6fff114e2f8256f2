"""What the lake says of who is who, in SQL: one text for the nightly graph and for privacy requests.

Both read events alike. They differ in what they do with two known shoppers, and that is not here: the graph gives a name of two to
the one who had it first, a privacy request takes it for both; of a session that ends in no log-in the graph makes a shopper of its
own, a privacy request leaves it alone.
"""

SESSION = 1800  # seconds without an event end a session

# What `shared.identity.links.seen` vouches for, of all rows of `events`: their columns, and `names` that belong together (sorted).
VOUCHED = """
said AS (
  SELECT *, verified AND userId <> '' AS proven, source = 'server' AS server,
         CASE WHEN type = 'alias' THEN previousId ELSE '' END AS previous
  FROM events),
vouched AS (
  SELECT *, list_sort(list_distinct(list_filter(
           [CASE WHEN (server OR proven) AND anonymousId <> '' THEN 'anonymous:' || anonymousId END,
            CASE WHEN (server OR proven) AND previous <> '' THEN 'anonymous:' || previous END,
            CASE WHEN proven THEN 'user:' || userId END]
           || CASE WHEN server THEN list_transform(map_entries(coalesce(identifiers, MAP {})), lambda e: e.key || ':' || e.value)
              ELSE [] END,
           lambda name: name IS NOT NULL))) AS names
  FROM said)
"""

# When a link was first seen, with the message that showed it.
FIRST = "min(ts) AS ts, arg_min(messageId, (ts, messageId)) AS messageId, arg_min(source, (ts, messageId)) AS source"

# Of `moments` (device, ts in epoch seconds, message, login: the proven user id or NULL): each with its session, when that ended, and
# as owner the user who logs in next in it, NULL when nobody does.
STRETCHES = f"""
gaps AS (SELECT *, ts - lag(ts) OVER (PARTITION BY device ORDER BY ts, message) AS gap FROM moments),
sessions AS (
  SELECT *, sum(CASE WHEN gap > {SESSION} THEN 1 ELSE 0 END) OVER (PARTITION BY device ORDER BY ts, message) AS session FROM gaps),
stretches AS (
  SELECT device, message, session, max(ts) OVER (PARTITION BY device, session) AS ended,
         first_value(login IGNORE NULLS) OVER (
           PARTITION BY device, session ORDER BY ts, message ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS owner
  FROM sessions)
"""  # noqa: S608 - a number of ours
