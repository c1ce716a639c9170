"""Partners, people and licences for tests, written past the services."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from partners.models import Licence, Partner, User
from partners.types import Market, PartnerType
from portal.lib.access import Role

PASSWORD = "correct-horse-2026"


class PartnerFactory(DjangoModelFactory[Partner]):
    class Meta:
        model = Partner

    name = Sequence(lambda number: f"Partner {number}")
    type = PartnerType.CHANNEL
    market = Market.UAE
    default_commission = Decimal(15)
    capacity_limit = 10
    contact_email = LazyAttribute(
        lambda partner: f"office@{partner.name.split()[0].lower()}.example"
    )


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda number: f"person{number}@portal.example")
    name = LazyAttribute(lambda user: user.email.split("@")[0].capitalize())
    role = Role.AGENT

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        kwargs.setdefault("password", PASSWORD)
        return model_class.objects.create_user(*args, **kwargs)


class OwnerFactory(UserFactory):
    email = Sequence(lambda number: f"owner{number}@partner.example")
    role = Role.OWNER
    partner = SubFactory(PartnerFactory)


class LicenceFactory(DjangoModelFactory[Licence]):
    """A registration in Maharashtra, seen in the register, with years to go."""

    class Meta:
        model = Licence

    partner = SubFactory(PartnerFactory, type=PartnerType.RERA_AGENT, market=Market.INDIA)
    kind = Licence.Kind.RERA_AGENT
    number = Sequence(lambda number: f"A518{number:08d}")
    authority = "MahaRERA"
    region = "IN-MH"
    valid_from = dt.date(2024, 1, 1)
    valid_to = dt.date(2098, 12, 31)
    checked_at = LazyFunction(lambda: timezone.now() - dt.timedelta(days=3))
