"""What the whole lake says about who is who, and whose each event is, as DuckDB has it from the table `events`."""

from shared.identity.statements import FIRST, STRETCHES, VOUCHED

# Events of whom they name had not refused when they arrived, as `shared.profiles.refusals` has it live: a no told to the API yields to
# a yes told on purpose only, and nothing from before the latest withdrawal counts. One of somebody who did tells the graph nothing.
WILLING = """
CREATE TABLE willing AS
WITH keyed AS (
  SELECT messageId, ts, coalesce(epoch(receivedAt), ts) AS arrived,
         type = 'track' AND event IN ('Consent Changed', 'Segment Consent Preference Updated') AS purposely,
         coalesce(json_extract_string(properties, '$.source'), '') AS said,
         epoch(consent.updatedAt) AS updated, coalesce(consent.personalization, false) AS agreed,
         unnest(list_distinct(list_filter(
           [CASE WHEN verified AND userId <> '' THEN 'u#' || userId END, CASE WHEN anonymousId <> '' THEN 'a#' || anonymousId END,
            CASE WHEN type = 'alias' AND previousId <> '' THEN 'a#' || previousId END], lambda name: name IS NOT NULL))) AS shopper
  FROM events),
words AS (
  SELECT shopper, coalesce(updated, ts) AS told_at, agreed,
         bool_or(purposely AND said NOT IN ('presumed', 'event', 'event-updated')) AS firm
  FROM keyed WHERE purposely OR updated IS NOT NULL GROUP BY ALL),
moments AS (
  SELECT shopper, told_at, arg_max(agreed, 2 * firm::INT + (NOT agreed)::INT) AS agreed, bool_or(firm) AS firm FROM words GROUP BY ALL),
turns AS (SELECT *, coalesce(lag(agreed) OVER (PARTITION BY shopper ORDER BY told_at), true) AS before FROM moments),
told AS (
  SELECT shopper, told_at, NOT agreed AND firm AS refused,
         max(CASE WHEN before AND NOT agreed THEN told_at END) OVER (PARTITION BY shopper ORDER BY told_at) AS withdrawn
  FROM turns),
unwilling AS (
  SELECT DISTINCT messageId FROM keyed k ASOF JOIN told t ON k.shopper = t.shopper AND k.arrived >= t.told_at
  WHERE t.refused OR k.ts < t.withdrawn)
SELECT messageId FROM events ANTI JOIN unwilling USING (messageId)
"""

# Each link once, as it was first seen by a willing event.
LINKS = f"""
CREATE TABLE links AS
WITH events AS (SELECT known.* FROM main.events AS known JOIN willing USING (messageId)), {VOUCHED}
SELECT names, {FIRST} FROM vouched WHERE len(names) > 1 GROUP BY names
"""  # noqa: S608 - no outside text in it

# Only names that are vouched for change, as in `links.seen`.
RENAMED = """
CREATE TABLE renamed AS
WITH present AS (
  SELECT previousIdentifiers AS before, verified AND userId <> '' AS proven, source = 'server' AS server,
         map_concat(coalesce(identifiers, MAP {}), MAP {'user': userId, 'anonymous': anonymousId}) AS names
  FROM events WHERE (source = 'server' OR verified) AND len(map_keys(previousIdentifiers)) > 0),
each AS (SELECT unnest(map_entries(before)) AS e, proven, server, names FROM present)
SELECT DISTINCT e.key || ':' || e.value AS old, e.key || ':' || names[e.key] AS name
FROM each
WHERE coalesce(names[e.key], '') NOT IN ('', e.value)
  AND CASE e.key WHEN 'user' THEN proven WHEN 'anonymous' THEN server OR proven ELSE server END
"""

# A device whose claims, of user ids and of hashed identifiers that some profile has, lead to one shopper and that nobody has proven
# counts as theirs for learning; it opens nothing.
CLAIMS = """
CREATE TABLE claims AS
WITH claiming AS (
  SELECT anonymousId, userId, identifiers FROM events JOIN willing USING (messageId)
  WHERE source <> 'server' AND NOT verified AND anonymousId <> ''),
named AS (SELECT anonymousId, unnest(map_entries(identifiers)) AS e FROM claiming),
claimed AS (
  SELECT anonymousId, 'u#' || userId AS shopper FROM claiming WHERE userId <> ''
  UNION
  SELECT n.anonymousId, p.shopper FROM named n LEFT JOIN renamed r ON r.old = n.e.key || ':' || n.e.value
  JOIN profiles p ON p.name = coalesce(r.name, n.e.key || ':' || n.e.value))
SELECT anonymousId, any_value(shopper) AS shopper FROM claimed GROUP BY anonymousId HAVING count(DISTINCT shopper) = 1
"""

# On a shared device, a session belongs to who logs in next in it; one without a log-in stands alone.
OF_SESSIONS = f"""
CREATE TABLE stretches AS
WITH moments AS (
  SELECT anonymousId AS device, ts, messageId AS message, CASE WHEN verified AND userId <> '' THEN userId END AS login
  FROM events JOIN shared ON anonymousId = shared.device),
{STRETCHES}
SELECT message AS messageId, coalesce('u#' || owner, 'a#' || device || '~' || session) AS shopper FROM stretches
"""  # noqa: S608 - no outside text in it

OWNED = """
CREATE TABLE owned AS
SELECT e.*, CASE WHEN e.verified AND e.userId <> '' THEN 'u#' || e.userId
                 WHEN s.shopper IS NOT NULL THEN s.shopper
                 WHEN o.shopper IS NOT NULL THEN o.shopper
                 WHEN c.shopper IS NOT NULL THEN c.shopper
                 WHEN e.anonymousId <> '' THEN 'a#' || e.anonymousId ELSE '' END AS shopper
FROM events e LEFT JOIN stretches s USING (messageId) LEFT JOIN owners o ON e.anonymousId = o.device
     LEFT JOIN claims c ON e.anonymousId = c.anonymousId
"""
