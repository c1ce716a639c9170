"""The settings of the demo with times that let a fault run end in seconds.

Their order is production's: a lease outlives the longest wait and the deadline together.
"""

import os

from portal.settings import *  # noqa: F403
from portal.settings import CELERY_BEAT_SCHEDULE

WEBHOOK_DEADLINE_SECONDS = 2
if seconds := os.environ.get("FAULT_BEAT_SECONDS"):
    for entry in CELERY_BEAT_SCHEDULE.values():
        entry["schedule"] = float(seconds)
