"""What is stored, whether it is personal, on what basis, for how long, and how it is exported and erased. One list, held by tests.

`docs/privacy.md` shows it as a table (`python -m infrastructure.cli privacy table`). A test fails when a table, bucket, stream, queue, log
group, prefix, field or log keyword is not in it, or when a retention here is not the one that is enforced.
"""

from typing import Literal, NamedTuple

DAY = 86400
LAKE_DAYS = 760  # EventRetentionDays
ANSWER_DAYS = 190
ANSWERS_LOG_DAYS = 7  # where answers wait to be collected
QUARANTINE_DAYS = 30
FEED_DAYS = 90
EXPORT_DAYS = 7
RUN_DAYS = 14
NONCURRENT_DAYS = 30
STREAM_DAYS = 7
QUEUE_DAYS = 14
LOG_DAYS = 30
BACKUP_DAYS = 35  # what DynamoDB's point-in-time recovery reaches back
SUPPRESSION_DAYS = 760
REQUEST_DAYS = 1095
EXECUTION_DAYS = 90  # Step Functions keeps histories as long
DEVICE_DAYS, SHOPPER_DAYS = 180, 730
GRAPH_DAYS = 730  # after the last change; what still holds is learned again at the next log-in
CACHE_SECONDS = 60
VERSIONS_KEPT = 5
PLANS_KEPT = 20

Enforced = Literal[
    "TTL",
    "lifecycle",
    "stream retention",
    "queue retention",
    "log retention",
    "backup retention",
    "publishing",
    "cache TTL",
    "AWS",
    "nothing",
]
Basis = Literal["consent", "legal duty", "legitimate interest", "not personal"]
Kind = Literal["table", "bucket", "stream", "queue", "logs", "cache", "secret", "backup", "executions"]


class Entry(NamedTuple):
    """`store` is a logical id of the template, `where` a key prefix in it ("" all of it). `days` None: for as long as it is in use."""

    kind: Kind
    store: str
    where: str
    what: str
    basis: Basis
    days: float | None
    enforced: Enforced
    exported: str = "no"
    erased: str = "nothing to erase"

    @property
    def personal(self) -> bool:
        return self.basis != "not personal"


STORES = (
    Entry("table", "Shoppers", "u#", "state of a known shopper: what they looked at, have in the cart, bought and like; candidates; consent choices; their own preferences, kept at their request without consent too",
          "consent", SHOPPER_DAYS, "TTL", "yes, fields named", "deleted"),
    Entry("table", "Shoppers", "a#", "the same of a device since its last log-in", "consent", DEVICE_DAYS, "TTL", "yes, fields named",
          "deleted; on a shared device the person's name is taken out"),
    Entry("table", "Lists", "pointer", "which model version is current", "not personal", None, "nothing"),
    Entry("table", "Lists", "counter#", "sums per item of a stream shard, also per country and device", "not personal", None, "nothing"),
    Entry("table", "Lists", "live#", "what is popular, sells, is new or on sale now, per segment; new items and what they are like; how often arms of bandits are drawn", "not personal", None, "nothing"),
    Entry("table", "Lists", "<version>#", "lists of items of a model version, also per segment of at least 50 shoppers", "not personal", VERSIONS_KEPT, "publishing"),
    Entry("table", "Plans", "pointer", "which plan is current, notes and names of those who published", "not personal", None, "nothing"),
    Entry("table", "Plans", "draft", "the plan that is being written, and the name of who wrote last", "not personal", None, "nothing"),
    Entry("table", "Plans", "plan#", "a published plan of the shop as it is served: rules, placements, experiments", "not personal", PLANS_KEPT, "publishing"),
    Entry("table", "Plans", "document#", "the same as it was written", "not personal", PLANS_KEPT, "publishing"),
    Entry("table", "Catalog", "", "the shop's items", "not personal", None, "nothing"),
    Entry("table", "Identity", "i#", "an identifier (ids as they are, all else as keyed hash), the component it is in, the shoppers a device met", "consent",
          GRAPH_DAYS, "TTL", "yes", "deleted; on a shared device the person's name is taken out"),
    Entry("table", "Identity", "c#", "a component: what links identifiers, claims, decisions and why", "consent", GRAPH_DAYS, "TTL", "yes",
          "the person's part is taken out; deleted when nothing is left"),
    Entry("table", "Identity", "x#", "a hidden identifier (HMAC) of somebody erased, and when", "legal duty", SUPPRESSION_DAYS, "TTL",
          "no: it names nobody", "kept on purpose; `suppress: forever` has no end"),
    Entry("table", "Identity", "r#", "a privacy request: steps, receipt; the person's identifiers only while it is at work", "legal duty", REQUEST_DAYS, "TTL",
          "while at work", "identifiers removed at the end"),
    Entry("bucket", "Lake", "events/", "every event as it came, without raw personal data; identifiers as keyed hashes", "consent", LAKE_DAYS, "lifecycle",
          "yes, lines as stored, with the object's name", "objects rewritten without the person's lines"),
    Entry("bucket", "Lake", "answers/", "what was shown, by which variant or arm and chance; who is a hash of the shopper's or device's id", "consent", ANSWER_DAYS,
          "lifecycle", "yes, lines as stored", "the hash is taken out of the person's lines"),
    Entry("bucket", "Lake", "batch/", "recommendations written for a mail tool, with the user's id", "consent", EXPORT_DAYS, "lifecycle", "yes, lines as stored",
          "objects rewritten without the person's lines"),
    Entry("bucket", "Lake", "collected/", "how far the log of answers has been collected", "not personal", None, "nothing"),
    Entry("bucket", "Lake", "experiments/", "results of experiments: sums and differences by variant", "not personal", None, "nothing"),
    Entry("bucket", "Lake", "quarantine/", "records that could not be processed", "consent", QUARANTINE_DAYS, "lifecycle", "yes", "deleted"),
    Entry("bucket", "Lake", "quarantine-replayed/", "the same, after they were put back on the stream", "consent", QUARANTINE_DAYS, "lifecycle", "yes", "deleted"),
    Entry("bucket", "Lake", "feeds/", "product feeds", "not personal", FEED_DAYS, "lifecycle"),
    Entry("bucket", "Lake", "feeds-rejected/", "rows of feeds that were refused", "not personal", FEED_DAYS, "lifecycle"),
    Entry("bucket", "Lake", "feeds-reports/", "counts of what feeds brought", "not personal", FEED_DAYS, "lifecycle"),
    Entry("bucket", "Lake", "imports/", "how far a shop's history has been loaded", "not personal", None, "nothing"),
    Entry("bucket", "Lake", "privacy/exports/", "what a person was told is held of them", "legal duty", EXPORT_DAYS, "lifecycle", "it is the export", "deleted"),
    Entry("bucket", "Lake", "privacy/work/", "whom a request at work is about, and what was found so far", "legal duty", EXPORT_DAYS, "lifecycle",
          "no: it becomes the export", "deleted when the request is done"),
    Entry("bucket", "Lake", "receipts/", "signed receipts of erasures, for erasing again after a restore", "legal duty", REQUEST_DAYS, "lifecycle",
          "no: they name nobody", "kept on purpose"),
    Entry("bucket", "Models", "runs/", "interactions and impressions a training run or a refresh learns from, shoppers by digest", "consent", RUN_DAYS, "lifecycle",
          "which runs hold the person", "runs that hold the person are deleted as a whole"),
    Entry("bucket", "Models", "models/", "published models: sums over all shoppers; digests that tell whether a version saw somebody", "legitimate interest", VERSIONS_KEPT,
          "publishing", "which versions saw the person", "retired by newer versions; the receipt says by when"),
    Entry("bucket", "Models", "spark/", "the training job for Spark: programs (if switched on)", "not personal", None, "nothing"),
    Entry("bucket", "Models", "static/", "the popular list of last resort", "not personal", None, "nothing"),
    Entry("stream", "Events", "", "events on their way", "consent", STREAM_DAYS, "stream retention", "no: they arrive in the lake within minutes",
          "suppressed: no consumer uses them"),
    Entry("queue", "StreamFailures", "", "where given-up batches lie in the stream: shard and numbers", "not personal", QUEUE_DAYS, "queue retention"),
    Entry("queue", "AsyncFailures", "", "invocations of schedules and feeds that failed", "not personal", QUEUE_DAYS, "queue retention"),
    Entry("cache", "Cache", "s:", "states, in front of the table (if switched on)", "consent", CACHE_SECONDS / DAY, "cache TTL", "same as the table", "deleted"),
    Entry("cache", "Cache", "l:", "lists of items", "not personal", 300 / DAY, "cache TTL"),
    Entry("cache", "Cache", "c:", "items", "not personal", 3 / DAY, "cache TTL"),
    Entry("logs", "RecommendLogs", "", "technical log, and answers on their way to the lake, some with the hash of who got them", "consent", ANSWERS_LOG_DAYS, "log retention",
          "no: they arrive in the lake within minutes", "the hash is not taken over from there any more"),
    *(
        Entry("logs", group, "", "technical log; fields below; names nobody", "not personal", LOG_DAYS, "log retention")
        for group in (
            "CaptureLogs", "ArchiveLogs", "ProfilesLogs", "TrendsLogs", "AnswersLogs", "CatalogLogs", "PlanLogs", "RolloutLogs", "FeedLogs", "PrepareLogs", "TrainingLogs", "PublishLogs",
            "PrivacyApiLogs", "PrivacyWorkerLogs", "ConsentLogs",
        )
    ),
    Entry("secret", "Secret", "", "the shop's secret key", "not personal", None, "nothing"),
    Entry("secret", "IdentityKey", "", "the key that hashes e-mail addresses and the like", "not personal", None, "nothing"),
    Entry("secret", "PrivacyKey", "", "signs receipts, hides suppressed identifiers", "not personal", None, "nothing"),
    Entry("backup", "Shoppers", "", "point-in-time recovery", "legitimate interest", BACKUP_DAYS, "backup retention", "no", "expires; the receipt says when"),
    Entry("backup", "Identity", "", "point-in-time recovery", "legitimate interest", BACKUP_DAYS, "backup retention", "no", "expires; the receipt says when"),
    Entry("backup", "Lists", "", "point-in-time recovery", "not personal", BACKUP_DAYS, "backup retention"),
    Entry("backup", "Plans", "", "point-in-time recovery", "not personal", BACKUP_DAYS, "backup retention"),
    Entry("backup", "Catalog", "", "point-in-time recovery", "not personal", BACKUP_DAYS, "backup retention"),
    Entry("backup", "Lake", "", "older versions of objects", "legitimate interest", NONCURRENT_DAYS, "lifecycle", "yes", "deleted at once, with the latest"),
    Entry("backup", "Models", "", "older versions of objects", "legitimate interest", NONCURRENT_DAYS, "lifecycle", "yes, of runs",
          "of runs at once; of retired models by their date"),
    Entry("executions", "TrainingMachine", "", "histories of nightly trainings", "not personal", EXECUTION_DAYS, "AWS"),
    Entry("executions", "RefreshMachine", "", "histories of refreshes", "not personal", EXECUTION_DAYS, "AWS"),
    Entry("executions", "PrivacyMachine", "", "histories of privacy requests: only their ids", "not personal", EXECUTION_DAYS, "AWS"),
)  # fmt: skip


def entry(store: str, where: str, kind: Kind | None = None) -> Entry:
    """The one entry of a place. Raises KeyError."""
    found = [e for e in STORES if e.store == store and e.where == where and kind in (None, e.kind)]
    if len(found) != 1:
        raise KeyError(f"{store} {where}: {len(found)} entries")
    return found[0]


def table() -> str:
    """The registry as Markdown."""
    head = "| where | what | basis | kept | exported | erased |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(e) for e in STORES)])


def _row(e: Entry) -> str:
    place = f"{e.kind} {e.store}" + (f" `{e.where}`" if e.where else "")
    return f"| {place} | {e.what} | {e.basis} | {kept(e)} | {e.exported} | {e.erased} |"


def kept(e: Entry) -> str:
    if e.days is None:
        return "while in use"
    if e.enforced == "publishing":
        return f"until {e.days:g} newer versions are published"
    if e.kind == "bucket" and e.enforced == "lifecycle":
        older = 1 if e.where.startswith("privacy/") else NONCURRENT_DAYS
        return f"{e.days:g} days (lifecycle), then {older} as older version"
    length = f"{e.days:g} days" if e.days >= 1 else f"{e.days * DAY:g} seconds"
    return f"{length} ({e.enforced})"
