"""The invented clients, and what happened with each: the requirement's scenarios at every stage.

Nobody here exists; the numbers are placeholders and are never dialled.
"""

from portal.demo.stories import (
    beside,
    own_word,
    scenario_1,
    scenario_2,
    scenario_3,
    scenario_4,
    scenario_5,
    waiting,
)
from portal.demo.stories.story import Story

# The oldest first.
STORIES: tuple[Story, ...] = (
    scenario_1.HANA,
    scenario_1.PEDRO,
    scenario_2.ELENA,
    scenario_3.ROHIT,
    scenario_1.YUSUF,
    scenario_5.GRETA,
    beside.INES,
    beside.AISHA,
    scenario_4.MARIAM,
    scenario_3.MEERA,
    beside.TARIQ,
    own_word.NADIA,
    scenario_5.VICTOR,
    waiting.PRIYA,
    scenario_3.KABIR,
    scenario_2.JOHN,
    scenario_2.OMAR,
    scenario_4.ZAYD,
    scenario_1.SARA,
    scenario_3.ARJUN,
    waiting.LAYLA,
)

__all__ = ["STORIES", "Story"]
