"""The sets that can be evaluated on, by name."""

from collections.abc import Callable
from pathlib import Path

from infrastructure.cli.evaluate.datasets import behaviours, lists, sessions, timed
from infrastructure.local.layout import LocalStackError
from shared.evaluation.task import Dataset

LOADERS: dict[str, tuple[str, Callable[[Path, str], Dataset]]] = {  # name -> its usual folder, how it is read
    "retailrocket": ("retailrocket", sessions.load),
    "retailrocket-orders": ("retailrocket", behaviours.load),
    "yoochoose64": ("yoochoose64", sessions.load),
    "online-retail": ("online-retail", timed.online_retail),
    "complete-journey": ("complete-journey", timed.complete_journey),
    "movielens-100k": ("movielens-100k", timed.movielens),
    "amazon-book": ("amazon-book", lists.book),
    "amazon-beauty": ("amazon-beauty", lists.beauty),
}


def load(name: str, folder: Path) -> Dataset:
    """`folder` holds the set's files, or a folder of the set's usual name that does. Raises LocalStackError naming what is wrong."""
    usual, loader = LOADERS[name]
    inner = folder / usual
    if not folder.is_dir():
        raise LocalStackError(f"There is no folder {folder}. Name the folder with the files of {name} by --data.")
    return loader(inner if inner.is_dir() else folder, name)
