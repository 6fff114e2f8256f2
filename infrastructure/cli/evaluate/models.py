"""The models of a run, by name."""

from collections.abc import Sequence

from infrastructure.cli.evaluate.baselines import factors, neighbours, rules, sessions, simple
from infrastructure.cli.evaluate.served import Shopwindow
from infrastructure.local.layout import LocalStackError
from shared.evaluation.task import Model, Task


def models(task: Task) -> dict[str, Model]:
    """Short name -> model, in the order of the table."""
    return {
        "popular": simple.popularity(),
        "recent": simple.recent_popularity(),
        "own": simple.own(),
        "own-popular": simple.own_and_popular(),
        "association": rules.association(),
        "sequential": rules.sequential(),
        "last-item": neighbours.last_item(),
        "tfidf": neighbours.decayed("TF-IDF", task),
        "cosine": neighbours.decayed("cosine", task),
        "bm25": neighbours.decayed("BM25", task),
        "rp3beta": neighbours.walks(task),
        "als": factors.als(),
        "sknn": sessions.sknn(),
        "vsknn": sessions.vsknn(),
        "ease": factors.ease(),
        "shopwindow": Shopwindow(),
    }


def chosen(names: Sequence[str], task: Task) -> list[Model]:
    """The named models, all if none is named. Raises LocalStackError for an unknown name."""
    every = models(task)
    unknown = [name for name in names if name not in every]
    if unknown:
        raise LocalStackError(f"--models: {', '.join(unknown)} is none of {', '.join(every)}.")
    return [every[name] for name in (names or every)]


def too_large(model: Model, items: int) -> str:
    """Why a set of so many items does not fit the model; "" when it does."""
    most = getattr(model, "most_items", items)
    return f"{model.name} does not fit: the set has {items:,} items, {most:,} are the most" if items > most else ""
