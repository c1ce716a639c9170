#!/usr/bin/env python
"""Django's command line for the partner portal."""

import os
import sys

from django.core.management import execute_from_command_line

from portal import demo_environment

if __name__ == "__main__":
    demo_environment.adopt()  # beside a running `make run`, work on what it runs on
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    execute_from_command_line(sys.argv)
