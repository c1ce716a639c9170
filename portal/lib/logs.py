"""What must not stand in a log although it stands in an address."""

from __future__ import annotations

import logging
import re

# Whoever reads these could open the client's page or take over an account.
_TOKEN = re.compile(r"(/c/|/enquire/return/|/password/reset/key/)[^/\s?]{8,}")


class WithoutTokens(logging.Filter):
    """Leave the tokens of links out of each log line; Django logs the address of a refusal."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _TOKEN.sub(r"\1…", given) if isinstance(given, str) else given
                for given in record.args
            )
        return True
