"""`python -m portal.tests.faults.skewed SECONDS MODULE …`: run MODULE with its clock off so far."""

import runpy
import sys
from datetime import UTC, datetime, timedelta

import time_machine

if __name__ == "__main__":
    offset, sys.argv = float(sys.argv[1]), sys.argv[2:]
    wrong = datetime.now(UTC) + timedelta(seconds=offset)
    time_machine.travel(wrong, tick=True).start()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
