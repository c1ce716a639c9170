"""Signatures against the published vector and an independent implementation."""

import base64
import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from events import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_vector():
    signature = signing.sign(
        [signing.key_of(SECRET)],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_vector_of_ed25519():
    key = (
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6K"
        "vg=="
    )
    signature = signing.sign(
        [signing.signing_key_of(key)],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == (
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg"
        "=="
    )


def test_whoever_has_the_public_key_can_check_but_not_sign():
    key = signing.new_signing_key()
    public = signing.public_key_of(key)
    assert public.startswith("whpk_")
    raw = base64.b64decode(public.removeprefix("whpk_"))
    assert len(raw) == 32
    version, _, encoded = signing.sign([signing.signing_key_of(key)], "msg_1", 1, b"{}").partition(
        ","
    )
    assert version == "v1a"
    Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(encoded), b"msg_1.1.{}")
    assert signing.new_signing_key() != key


def test_a_secret_is_32_random_bytes():
    secret = signing.new_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert secret != signing.new_secret()


@given(body=st.binary(max_size=300))
def test_a_stock_library_agrees_on_any_body(body):
    now = dt.datetime.now(dt.UTC)
    ours = signing.sign([signing.key_of(SECRET)], "msg_1", int(now.timestamp()), body)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return
    assert Webhook(SECRET).sign("msg_1", now, text) == ours


def test_each_of_two_secrets_verifies_and_a_third_does_not():
    old, new, other = signing.new_secret(), signing.new_secret(), signing.new_secret()
    stamp = int(dt.datetime.now(dt.UTC).timestamp())
    body = b'{"ok":1}'
    signature = signing.sign([signing.key_of(new), signing.key_of(old)], "msg_1", stamp, body)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature,
    }
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) == {"ok": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(b'{"ok":2}', headers)
