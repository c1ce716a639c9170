"""Where we may dial: every row of the table, many spellings, and nothing dialled by mistake."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssrfguard import DEFAULT_DENIED
from ssrfguard._registry import TABLE

from events import egress
from events.tests.dialling import Stub, posted
from events.tests.receiver import receiving

PUBLIC = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"]
# What a name may lead to when somebody means us harm.
HOSTILE = [
    "0.0.0.0",  # noqa: S104 - to be refused
    "10.0.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a9fe:a9fe",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
SPELLINGS = [
    "http://partner.example/hook",
    "ftp://partner.example/hook",
    "file:///etc/passwd",
    "gopher://partner.example/",
    "javascript:alert(1)",
    "//partner.example/hook",
    "partner.example/hook",
    "https://",
    "https:///hook",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://127.0.0.1./",
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
    "https://8.8.8.8/",
    "https://[::1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://[2606:4700::1111]/",
    "https://[::1",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://api.localhost/",
    "https://metadata.google.internal/",
    "https://redis.local/",
    "https://nas.lan/",
    "https://intranet/",
    "https://portal/",
    "https://user@partner.example/",
    "https://user:secret@partner.example/",
    "https://partner.example@10.0.0.1/",
    "https://@partner.example/",
    "https://partner.example#@10.0.0.1/",
    "https://partner.example/hook#fragment",
    "https://partner.example/hook#",
    "https://partner.example:80/",
    "https://partner.example:22/",
    "https://partner.example:6379/",
    "https://partner.example:0/",
    "https://partner.example:99999/",
    "https://partner.example:4a3/",
    "https://partner.example\\@10.0.0.1/",
    "https://partner.example/\r\nHost: evil",
    "https://partner.example/ hook",
    "https://partner.example/\x00",
    " https://partner.example/",
    "https://-partner.example/",
    "https://part_ner.example/",
    "https://partner..example/",
    f"https://{'a' * 64}.example/",
    f"https://partner.example/{'a' * 2048}",
    "https://own.portal.example/",
    "",
]


@pytest.fixture
def strict(settings: Any) -> None:
    """As in production: nothing on loopback."""
    settings.WEBHOOK_ALLOW_LOOPBACK = False
    settings.PORTAL_ORIGIN = "https://own.portal.example"
    settings.ALLOWED_HOSTS = ["own.portal.example"]


@pytest.mark.parametrize("network", egress.FORBIDDEN, ids=str)
def test_no_address_of_a_row_is_dialled(network, strict):
    for address in (network[0], network[-1], network[network.num_addresses // 2]):
        assert not egress.may_dial(str(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_dialled(address, strict):
    assert egress.may_dial(address)


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_addresses_are_not(address, strict):
    assert not egress.may_dial(address)


@pytest.mark.parametrize("address", ["127.1", "2130706433", "0x7f.1", "", "localhost", "::1%lo"])
def test_what_is_no_plain_address_is_not(address, strict):
    assert not egress.may_dial(address)


def test_only_loopback_is_let_in_when_it_is_allowed(settings):
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    assert [ip for ip in HOSTILE if egress.may_dial(ip)] == [
        "127.0.0.1",
        "127.255.255.254",
        "::1",
    ]


@pytest.mark.parametrize("block", TABLE, ids=lambda block: str(block.network))
def test_whatever_the_oracle_refuses_we_refuse(block, strict):
    network = block.network
    for address in (network[0], network[-1], network[network.num_addresses // 2]):
        if DEFAULT_DENIED.classify(address).blocked:
            assert not egress.may_dial(str(address))


@given(address=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_whatever_the_oracle_refuses_anywhere_we_refuse(address):
    if DEFAULT_DENIED.classify(address).blocked and not address.is_loopback:
        assert not egress.may_dial(str(address))


@pytest.mark.parametrize("url", SPELLINGS)
def test_forbidden_spellings_are_refused_before_anything_is_dialled(url, strict, dialled):
    with pytest.raises(egress.Refused):
        egress.checked_url(url)
    assert dialled == []


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://partner.example/hook", "https://partner.example/hook"),
        ("https://Partner.Example", "https://partner.example/"),
        ("https://partner.example.:443/a?b=c", "https://partner.example/a?b=c"),
        ("https://partner.example:8443/a", "https://partner.example:8443/a"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("HTTPS://partner.example/%7Ehook", "https://partner.example/%7Ehook"),
    ],
)
def test_a_public_address_gets_its_normal_form(url, normal, strict):
    assert egress.checked_url(url) == normal


def test_loopback_in_the_demo_may_be_plain_http_on_any_port(settings):
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    for url in ("http://127.0.0.1:8001/a", "http://localhost:8001/a", "https://127.0.0.1:9/a"):
        assert egress.checked_url(url) == url
    with pytest.raises(egress.Refused):
        egress.checked_url("http://partner.example/a")


@pytest.mark.parametrize("address", HOSTILE)
def test_a_name_that_leads_inside_is_not_dialled(address, strict, dialled):
    [answer] = posted("https://hook.partner.example/", Stub([address]))

    assert (answer.error, answer.status) == ("egress_blocked", None)
    assert dialled == []


def test_of_the_whole_table_no_address_a_name_leads_to_is_dialled(strict, dialled):
    addresses = [
        str(address)
        for network in egress.FORBIDDEN
        for address in (network[0], network[-1], network[network.num_addresses // 2])
    ]
    answers = posted(
        "https://hook.partner.example/",
        Stub(*[[address] for address in addresses]),
        times=len(addresses),
    )

    assert {answer.error for answer in answers} == {"egress_blocked"}
    assert len(answers) == len(addresses) >= 100
    assert dialled == []


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0", "017700000001"]
)
def test_a_number_that_stands_for_an_address_is_not_dialled_even_if_it_got_this_far(
    host, strict, dialled
):
    [answer] = posted(f"https://{host}/")

    assert answer.error in ("egress_blocked", "dns_error", "invalid_answer")
    assert dialled == []


@pytest.mark.parametrize("url", [f"https://{f'[{ip}]' if ':' in ip else ip}/" for ip in HOSTILE])
def test_a_literal_address_is_not_dialled_even_if_it_got_this_far(url, strict, dialled):
    [answer] = posted(url)

    assert answer.error == "egress_blocked"
    assert dialled == []


def test_a_name_that_turns_inside_after_the_first_look_is_refused(settings, dialled):
    with receiving() as receiver:
        resolver = Stub(["127.0.0.1"], ["10.9.9.9"])
        url = f"http://hook.partner.example:{receiver.port}/"
        receiver.answers["/"] = (200, {"Connection": "close"}, b"")
        first, second = posted(url, resolver, times=2)

    assert (first.error, second.error) == ("", "egress_blocked")
    assert {address[0] for address in dialled} == {"127.0.0.1"}
    assert receiver.got[0].headers["host"].startswith("hook.partner.example")


def test_of_mixed_answers_only_the_allowed_one_is_dialled(settings, dialled):
    with receiving() as receiver:
        resolver = Stub(["10.9.9.9", "127.0.0.1", "169.254.169.254"])
        [answer] = posted(f"http://hook.partner.example:{receiver.port}/", resolver)

    assert answer.error == ""
    assert {address[0] for address in dialled} == {"127.0.0.1"}


def test_proxies_and_netrc_are_not_asked(settings, dialled, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with receiving() as receiver:
        [answer] = posted(receiver.url())

    assert answer.status == 200
    assert "authorization" not in receiver.got[0].headers


def test_cookies_are_not_kept(settings):
    with receiving() as receiver:
        receiver.answers["/ok"] = (200, {"Set-Cookie": "a=b"}, b"")
        posted(receiver.url(), times=2)

    assert ["cookie" in got.headers for got in receiver.got] == [False, False]


def test_a_name_that_does_not_exist(settings, dialled):
    class Nowhere(Stub):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> Any:
            raise OSError(None, "Name does not exist")

    [answer] = posted("https://nowhere.example/", Nowhere([]))

    assert answer.error == "dns_error"
    assert dialled == []


def test_the_table_says_what_it_means():
    assert len(set(egress.FORBIDDEN)) == len(egress.FORBIDDEN)
    assert all(
        isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network)
        for network in egress.FORBIDDEN
    )
