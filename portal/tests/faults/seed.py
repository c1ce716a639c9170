"""`python -m portal.tests.faults.seed URL …`: people, clients, and a partner with these endpoints.

Prints as JSON what the runs need to know. The clients are many: each run shares its own.
"""

import json
import sys

import django

CLIENTS = 1200
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def main() -> None:
    """Write the world and say who is in it."""
    from django.utils import timezone  # noqa: PLC0415

    from events.models import Endpoint  # noqa: PLC0415
    from leads.models import Lead  # noqa: PLC0415
    from leads.tests.factories import LeadFactory  # noqa: PLC0415
    from partners.services import issue_key  # noqa: PLC0415
    from partners.tests.factories import PASSWORD, PartnerFactory, UserFactory  # noqa: PLC0415
    from portal.lib.access import THE_SYSTEM, Role  # noqa: PLC0415

    agent = UserFactory.create(email="dana@portal.example", role=Role.AGENT)
    partner = PartnerFactory.create(name="Acme", capacity_limit=CLIENTS)
    endpoints = [
        Endpoint.objects.create(
            partner=partner,
            url=url,
            secret=SECRET,
            challenge="the-challenge",
            verified_at=timezone.now(),
        )
        for url in sys.argv[1:]
    ]
    leads = Lead.objects.bulk_create(LeadFactory.build_batch(CLIENTS))
    _key, key = issue_key(actor=THE_SYSTEM, user=agent)
    found = {
        "key": key,
        "agent": agent.email,
        "password": PASSWORD,
        "partner": partner.pk,
        "endpoints": [endpoint.pk for endpoint in endpoints],
        "leads": [lead.pk for lead in leads],
    }
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    django.setup()
    main()
