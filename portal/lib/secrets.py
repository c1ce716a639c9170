"""Keys from the environment, and secrets that must be read again, encrypted with one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


@lru_cache(maxsize=1)
def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


@lru_cache(maxsize=4096)
def _opened(token: str) -> str:
    return _box().decrypt(token.encode()).decode()


def sealed(text: str) -> str:
    """Return TEXT as only we can read it, for a value that has to wait where others look."""
    return _box().encrypt(text.encode()).decode()


def unsealed(token: str, *, seconds: int) -> str | None:
    """Return the text of TOKEN, or None where it is not ours or was sealed SECONDS ago or more."""
    try:
        return _box().decrypt(token.encode(), ttl=seconds).decode()
    except InvalidToken:
        return None


def unsealed_for_ever(token: str) -> str:
    """Return the text of TOKEN, however old.

    :raises InvalidToken: if it is not ours
    """
    return _opened(token)


def resealed(token: str) -> str:
    """Return TOKEN sealed with the first key, as old as it was.

    :raises InvalidToken: if it was sealed with none of our keys
    """
    return _box().rotate(token.encode()).decode()


def derived_key(purpose: str) -> bytes:
    """Return 32 bytes for PURPOSE from the oldest field key, the same until that key is dropped."""
    oldest = settings.FIELD_ENCRYPTION_KEYS[-1].encode()
    return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(oldest)


class EncryptedTextField(_TextField):
    """Text that is readable here and not in the database. The first key encrypts, all decrypt."""

    def from_db_value(self, value: Any, *_: Any) -> str | None:
        return None if value is None else (_opened(value) if value else "")

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if value:
            value = _box().encrypt(str(value).encode()).decode()
        return super().get_db_prep_save(value, connection)
