"""Answers of invented people: drawn by chance, plausible, and the same again from the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SCORES = (1, 2, 3, 4)
DEFAULT = "default"
UNSTATED = "unstated"
Weights = Sequence[float]

USUAL: Weights = (2, 10, 50, 38)
"""How often each score is given where nothing else is said."""
FLAT_TO_TOP = ((4, 22, 52, 22), (3, 15, 52, 30), (2, 10, 50, 38), (1, 6, 45, 48))
"""From a unit with much to mend to one with little; a unit of a replay gets one of them."""


@dataclass(frozen=True)
class Form:
    """What is asked: the elements, and the choices of each question about the respondent."""

    version: str
    elements: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, questionnaire: Mapping[str, Any]) -> Form:
        """From the questionnaire as the gateway shows it, or as the city's file has it."""
        return cls(
            questionnaire["version"],
            tuple(element["key"] for element in questionnaire["elements"]),
            {
                question["key"]: tuple(option["key"] for option in question["options"])
                for question in questionnaire["respondent"]
            },
        )


def drawn(seed: str, form: Form, weights: Mapping[str, Weights]) -> dict[str, Any]:
    """One person's answers and what she says of herself: {answers, respondent}.

    `weights` has how often each score is given, by element; `default` for the others. Whoever is content
    with one thing is rather content with the next: the draws of one person are drawn towards each other.
    """
    chance = seeded(seed)
    mood = chance.random()
    answers = {}
    for element in sorted(form.elements):
        place = 0.5 * mood + 0.5 * chance.random()
        answers[element] = at(spread(place), weights.get(element) or weights.get(DEFAULT) or USUAL)
    respondent = {
        question: chance.choice([choice for choice in choices if choice != UNSTATED])
        for question, choices in sorted(form.choices.items())
    }
    return {"answers": answers, "respondent": respondent}


def seeded(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - invented answers, not secrets


def spread(place: float) -> float:
    """The mean of two even draws, brought back to an even draw, so that the weights hold."""
    return 2 * place * place if place < 0.5 else 1 - 2 * (1 - place) * (1 - place)


def at(place: float, weights: Weights) -> int:
    """The score at a place between 0 and 1 of the weights laid end to end."""
    left = place * sum(weights)
    for score, weight in zip(SCORES, weights, strict=True):
        left -= weight
        if left < 0:
            return score
    return SCORES[-1]


def of_unit(run: str, unit: str) -> dict[str, Weights]:
    """How a unit of a replay is answered about: one of a few pictures, with one element below the rest."""
    chance = seeded(f"{run}/{unit}")
    usual = chance.choice(FLAT_TO_TOP)
    weak = chance.choice(("prosedur", "waktu", "produk", "sarana", "pengaduan"))
    return {DEFAULT: usual, weak: tuple(a + b for a, b in zip(usual, (4, 12, 0, -16), strict=True))}


def does_answer(run: str, row: str, share: float) -> bool:
    """Whether this person answers; always the same within a run."""
    return seeded(f"{run}/{row}/answers").random() < share
