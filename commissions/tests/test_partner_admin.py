"""What the partners' admin shows of leads and money, which lie above it."""

from decimal import Decimal

import pytest
from django.urls import reverse

from commissions import services
from leads.groups import Groups
from leads.services import share_lead, update_share
from leads.tests.factories import LeadFactory
from partners.models import Partner

pytestmark = pytest.mark.django_db

LIST = "/admin/partners/partner/"


@pytest.fixture
def share(dana, acme):
    lead = LeadFactory.create()
    choice = Groups(contact=False, budget=True, requirements=True)
    return share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=choice)


def test_the_bar_counts_live_shares(admin_user, client_for, share):
    page = client_for(admin_user).get(LIST).content.decode()
    assert 'max="10" value="1"' in page
    assert "1/10" in page


def test_a_closed_deal_is_a_revenue_entry(admin_user, client_for, amira, acme, share):
    update_share(actor=amira, reference=share.pk, status="accepted")
    done = services.report_status(
        actor=amira, reference=share.pk, status="closed", agreement_value=Decimal(5_000_000)
    )
    client = client_for(admin_user)
    listed = client.get(LIST).context["cl"].result_list.get(pk=acme.pk)
    assert listed.commission_count == 1
    assert listed.live_shares == 0
    page = client.get(reverse("admin:partners_partner_change", args=[acme.pk])).content.decode()
    for words in ("Revenue entries", done.commission.pk, "5,000,000", "750,000", "15%"):
        assert words in page


def test_a_partner_something_was_shared_with_stays(admin_user, client_for, acme, share):
    address = reverse("admin:partners_partner_delete", args=[acme.pk])
    client_for(admin_user).post(address, {"post": "yes"})
    assert Partner.objects.filter(pk=acme.pk).exists()
