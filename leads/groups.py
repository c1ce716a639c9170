"""The three consent groups, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

GROUPS = ("contact", "budget", "requirements")
WIRE = {"contact": "shareContact", "budget": "shareBudget", "requirements": "shareRequirements"}


@dataclass(frozen=True, slots=True)
class Groups:
    """A yes or no for each consent group."""

    contact: bool
    budget: bool
    requirements: bool

    @classmethod
    def none(cls) -> Groups:
        return cls(False, False, False)

    @classmethod
    def everything(cls) -> Groups:
        return cls(True, True, True)

    @classmethod
    def from_wire(cls, consent: Mapping[str, bool]) -> Groups:
        """Read `{"shareContact": …}`; a key that is missing is a no (contract section 3)."""
        return cls(*(bool(consent.get(WIRE[group], False)) for group in GROUPS))

    def as_wire(self) -> dict[str, bool]:
        """Return the requirement's form, `{"shareContact": …, …}`."""
        return {WIRE[group]: self[group] for group in GROUPS}

    def __getitem__(self, group: str) -> bool:
        return bool(getattr(self, group))

    def __and__(self, other: Groups) -> Groups:
        return Groups(*(self[group] and other[group] for group in GROUPS))

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the groups that are yes."""
        return (group for group in GROUPS if self[group])

    def __bool__(self) -> bool:
        return self.contact or self.budget or self.requirements
