"""Addresses of the public form, below `/enquire/`."""

from django.urls import path, register_converter

from leads.views import capture
from partners.types import Market


class MarketConverter:
    """A market's name; another word is no address of ours."""

    regex = "|".join(Market.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(MarketConverter, "market")

app_name = "capture"
urlpatterns = [
    path("<market:market>/", capture.form, name="form"),
    path("<market:market>/thanks/", capture.thanks, name="thanks"),
    path("<market:market>/embed/", capture.embedded_form, name="embed"),
    path("<market:market>/embed/thanks/", capture.embedded_thanks, name="embed_thanks"),
    path("return/<str:token>/", capture.welcome_back, name="return"),
]
