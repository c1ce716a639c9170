"""What must not stand in a log although it stands in an address."""

from __future__ import annotations

import logging
import re
from typing import Any

# Whoever reads these could open the client's page or take over an account.
_TOKEN = re.compile(r"(/c/|/enquire/return/|/password/reset/key/|/invitation/)[^/\s?]{8,}")
# What ends a line or moves the cursor in some reader: controls and Unicode's own line ends.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(logging.Formatter):
    """Write a message as one line, so that nobody can make up a line by what they send.

    A traceback keeps its lines, each behind a bar: it never looks like a message.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return _visible(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return "\n".join(f"| {_visible(line)}" for line in super().formatException(ei).splitlines())


def _visible(line: str) -> str:
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], line)


class WithoutTokens(logging.Filter):
    """Leave the tokens of links out of each log line; Django logs the address of a refusal."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _TOKEN.sub(r"\1…", given) if isinstance(given, str) else given
                for given in record.args
            )
        return True
