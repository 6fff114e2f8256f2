"""What shoppers did not say of themselves, guessed: for the models only.

For each attribute two imputers compete on known values they have not seen: the plain one (most frequent value, or median) and gradient
boosted trees over behaviour. A guess is flagged, carries the probability that it is right, and lives as long as the training run. It is
never a fact: not in a state, not in the lake, not in an export, not in what models are measured with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.evaluation.metrics import clearly_worse
from shared.evaluation.protocol import Facts
from shared.models.behaviour import Behaviour, behaviour
from shared.models.imputers import FEWEST_OF_A_VALUE, SEED, Floats, Guess, classifier, median, most_frequent, regressor
from shared.models.interactions import Interactions
from shared.models.npz import pack, unpack
from shared.models.people import People

WORDS = ("country", "gender", "device")  # attributes that are one of a few words; the year of birth is a number
FEWEST_KNOWN = 50  # shoppers; below, nobody can tell how good a guess is, so there is none
LEARNED = 20_000  # known shoppers an imputer learns from, at most
HELD_OUT = 5_000  # known shoppers it is judged on, at most
SHARE_HELD_OUT = 0.25
VALUES = 12  # only so many most frequent values are ever guessed
YEARS = 5  # a year of birth is right when it is so near


@dataclass(frozen=True)
class Imputed:
    """One attribute of every shopper: the known value, else a guess, else ""."""

    values: NDArray[Any]  # (u,) unicode
    imputed: NDArray[np.bool_]  # (u,) whether the value is a guess
    probability: Floats  # (u,) that it is right: 1 for a known value, 0 where there is none


class Summary(NamedTuple):
    """How an attribute was imputed, for the report. `accuracy` and `loss` are those of each imputer on `held_out` known shoppers;
    the loss is what decided: minus the logarithm of the chance given to the truth, or years off."""

    attribute: str
    known: int
    imputed: int
    imputer: str  # plain, trees, or "" for none
    held_out: int
    accuracy: dict[str, float]
    loss: dict[str, float]


class Judged(NamedTuple):
    """The imputer that won, with what all of them got."""

    name: str
    guess: Guess
    accuracy: dict[str, float]
    loss: dict[str, float]


def impute(data: Interactions, people: People, facts: Facts) -> tuple[dict[str, Imputed], list[Summary]]:
    """Every attribute of the shoppers of `data`, and how it came about. `people` stays as it is."""
    seen = behaviour(data, people, facts)
    found, summaries = {}, []
    for attribute in WORDS:
        found[attribute], summary = _words(attribute, getattr(people, attribute), seen.without(attribute))
        summaries.append(summary)
    found["birth_year"], summary = _years(people.birth_year, seen)
    return found, [*summaries, summary]


def dump(imputed: Imputed) -> bytes:
    return pack(imputed)


def load(data: bytes) -> Imputed:
    return unpack(Imputed, data)


def _words(attribute: str, words: NDArray[Any], seen: Behaviour) -> tuple[Imputed, Summary]:
    known = words != ""
    learned, held = _split(known)
    names = _frequent(words[learned])
    if known.sum() < FEWEST_KNOWN or known.all() or not len(names):
        return _untouched(attribute, words, known)
    codes = _places(names, words)
    guesses = {"plain": most_frequent(codes[learned], len(names))}
    if len(names) > 1:
        guesses["trees"] = classifier(seen, learned, codes[learned], len(names))
    judged = _judge(guesses, held, lambda chances: _word_losses(chances, codes[held]))
    missing = np.flatnonzero(~known)
    chances = judged.guess(missing)[:, : len(names)]
    best = chances.argmax(axis=1)
    imputed = _filled(words, missing, names[best], chances[np.arange(len(best)), best])
    return imputed, _summary(attribute, imputed, held, judged)


def _years(years: Any, seen: Behaviour) -> tuple[Imputed, Summary]:
    known = ~np.isnan(years)
    words = np.where(known, np.char.mod("%d", np.nan_to_num(years)), "")
    learned, held = _split(known)
    if known.sum() < FEWEST_KNOWN or known.all():
        return _untouched("birth_year", words, known)
    guesses = {"plain": median(years[learned]), "trees": regressor(seen, learned, years[learned])}
    judged = _judge(guesses, held, lambda found: _year_losses(found, years[held]))
    missing = np.flatnonzero(~known)
    guessed = np.char.mod("%d", np.round(judged.guess(missing)))
    hits = judged.accuracy[judged.name] * len(held)
    chance = (hits + 1) / (len(held) + 2)  # one for all: how often such a guess was right
    imputed = _filled(words, missing, guessed, np.full(len(missing), chance, np.float32))
    return imputed, _summary("birth_year", imputed, held, judged)


def _split(known: Any) -> tuple[Any, Any]:
    """Shoppers to learn from and others to be judged on, by seeded chance."""
    places = np.random.default_rng(SEED).permutation(np.flatnonzero(known))
    held = min(int(len(places) * SHARE_HELD_OUT), HELD_OUT)
    return places[held : held + LEARNED], places[:held]


def _frequent(words: NDArray[Any]) -> NDArray[Any]:
    """The values that may be guessed, sorted."""
    names, counts = np.unique(words, return_counts=True)
    best = np.argsort(-counts, kind="stable")[:VALUES]
    return np.sort(names[best[counts[best] >= FEWEST_OF_A_VALUE]])


def _places(names: NDArray[Any], words: NDArray[Any]) -> NDArray[np.int32]:
    """Position of each word among the sorted names, len(names) for any other."""
    places = np.minimum(np.searchsorted(names, words), len(names) - 1)
    return np.where(names[places] == words, places, len(names)).astype(np.int32)


def _judge(
    guesses: dict[str, Guess], held: Any, measured: Callable[[Floats], tuple[Sequence[float], Sequence[bool]]]
) -> Judged:
    """Trees win only where they are better beyond chance: of two equal ones the plain one is easier to trust."""
    losses, hits = {}, {}
    for name, guess in guesses.items():
        losses[name], hits[name] = measured(guess(held))
    beaten = "trees" in losses and clearly_worse(
        [-loss for loss in losses["plain"]], [-loss for loss in losses["trees"]]
    )
    best = "trees" if beaten else "plain"
    accuracy = {name: float(np.mean(right)) for name, right in hits.items()}
    return Judged(best, guesses[best], accuracy, {name: float(np.mean(values)) for name, values in losses.items()})


def _word_losses(chances: Floats, truth: Any) -> tuple[list[float], list[bool]]:
    """Logarithmic loss, which only honest probabilities make small; right is the likeliest named value."""
    given = chances[np.arange(len(truth)), truth]
    return (-np.log(given)).tolist(), (chances[:, :-1].argmax(axis=1) == truth).tolist()


def _year_losses(found: Floats, truth: Any) -> tuple[list[float], list[bool]]:
    off = np.abs(found - truth)
    return off.tolist(), (off <= YEARS).tolist()


def _filled(words: NDArray[Any], missing: Any, guesses: NDArray[Any], chances: Floats) -> Imputed:
    values = words.astype(np.result_type(words.dtype, guesses.dtype))
    values[missing] = guesses
    imputed, probability = np.zeros(len(words), np.bool_), np.ones(len(words), np.float32)
    imputed[missing] = True
    probability[missing] = chances
    return Imputed(values, imputed, probability)


def _untouched(attribute: str, words: NDArray[Any], known: Any) -> tuple[Imputed, Summary]:
    imputed = Imputed(words, np.zeros(len(words), np.bool_), known.astype(np.float32))
    return imputed, Summary(attribute, int(known.sum()), 0, "", 0, {}, {})


def _summary(attribute: str, imputed: Imputed, held: Any, judged: Judged) -> Summary:
    guessed = int(imputed.imputed.sum())
    known = len(imputed.values) - guessed
    return Summary(attribute, known, guessed, judged.name, len(held), judged.accuracy, judged.loss)
