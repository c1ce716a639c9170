"""A body is understood in one way, or refused with the place and the reason."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.errors import Malformed
from portal.lib.parsing import MAX_DEPTH, load


def refusal_of(body: bytes) -> dict[str, str]:
    with pytest.raises(Malformed) as refused:
        load(body)
    [entry] = refused.value.details["errors"]
    return entry


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"", "#", "empty"),
        (b"   ", "#", "invalid_json"),
        (b"null", "#", "not_an_object"),
        (b"[]", "#", "not_an_object"),
        (b'"text"', "#", "not_an_object"),
        (b"{", "#", "invalid_json"),
        (b'{"a": 1,}', "#", "invalid_json"),
        (b"{'a': 1}", "#", "invalid_json"),
        (b'{"a": 1} {"b": 2}', "#", "invalid_json"),
        (b'{"a": 01}', "#", "invalid_json"),
        (b'\xef\xbb\xbf{"a": 1}', "#", "invalid_json"),
        (b'{"a": "\t"}', "#", "invalid_json"),
        (b'{"a": 1, "a": 1}', "#", "duplicate_field"),
        (b'{"a": [{"b": 1, "b": 2}]}', "#/a/0", "duplicate_field"),
        (b'{"a": NaN}', "#/a", "invalid_number"),
        (b'{"a": -Infinity}', "#/a", "invalid_number"),
        (b'{"a": 1e3}', "#/a", "invalid_number"),
        (b'{"a": 1E309}', "#/a", "invalid_number"),
        (b'{"a": 1e999999999999999999999}', "#/a", "invalid_number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "#", "invalid_number"),
        (b'{"a": "\\u0000"}', "#/a", "invalid_text"),
        (b'{"\\u0000": 1}', "#", "invalid_text"),
        (b'{"a": "\\ud800"}', "#/a", "invalid_text"),
        (b'{"a/b~": {"c": "\\udfff"}}', "#/a~1b~0/c", "invalid_text"),
        (b'{"a": "\xff"}', "#", "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "#", "not_utf8"),
        (b"[" * 100_000, "#", "too_deep"),
        (b'{"a":' * 100_000, "#", "too_deep"),
        (b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "#", "too_deep"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(body, pointer, code):
    entry = refusal_of(body)

    assert (entry["pointer"], entry["code"]) == (pointer, code)


def test_a_byte_order_mark_is_named_in_words():
    assert (
        refusal_of(b'\xef\xbb\xbf{"a": 1}')["detail"] == "The body starts with a byte order mark."
    )


def test_the_deepest_body_allowed_is_read():
    inner = b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1)

    assert load(b'{"a":' + inner + b"}")["a"] is not None


def test_numbers_keep_every_digit():
    found = load(b'{"a": 99999999999999.99, "b": 12, "c": 1.50}')

    assert found == {"a": Decimal("99999999999999.99"), "b": 12, "c": Decimal("1.50")}
    assert str(found["c"]) == "1.50"


def test_a_doubled_name_late_in_a_wide_body_is_found_quickly():
    names = ",".join(f'"{number}":0' for number in range(20_000))

    assert refusal_of(f'{{{names},"19999":0}}'.encode())["code"] == "duplicate_field"


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_load_or_be_refused(body):
    with contextlib.suppress(Malformed):
        assert isinstance(load(body), dict)


@given(st.text(alphabet='{}[]",:\\ue0123456789.+-tfn ', max_size=60))
def test_nothing_that_resembles_json_does_either(text):
    with contextlib.suppress(Malformed):
        assert isinstance(load(text.encode()), dict)
