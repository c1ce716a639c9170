"""The numbered steps of a scenario, and the walk through them.

A test opens each covered step by its number, in order; one that is left out fails the test. What
belongs to a later part of the portal stands in the table by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the requirement, in its words.

    :param shown: how the test shows it
    """

    number: int
    text: str
    shown: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """A step of the requirement that waits for WHAT."""

    number: int
    text: str
    what: str

    @property
    def shown(self) -> str:
        return f"not yet covered: {self.what}"


PROPERTY_MATCHES = "property matches"
CLIENTS_APPROVAL = "client's approval"
RERA_CHECKS = "the four RERA checks"
PAYMENT = "payment"


class Walk:
    """One pass through the steps of a scenario."""

    def __init__(self, steps: tuple[Step | NotYet, ...]) -> None:
        assert [step.number for step in steps] == list(range(1, len(steps) + 1))
        self._left = [step for step in steps if isinstance(step, Step)]

    @contextmanager
    def step(self, *numbers: int) -> Iterator[None]:
        """Go through the steps with these NUMBERS, which must be the next ones covered."""
        expected = [step.number for step in self._left[: len(numbers)]]
        assert list(numbers) == expected, f"step {expected} comes next"
        try:
            yield
        except Exception as error:
            error.add_note("; ".join(f"step {s.number}: {s.text}" for s in self._left[:1]))
            raise
        del self._left[: len(numbers)]

    def is_done(self) -> bool:
        """Return whether every covered step was gone through."""
        return not self._left
