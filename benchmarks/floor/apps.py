from django.apps import AppConfig


class FloorConfig(AppConfig):
    name = "benchmarks.floor"
    label = "floor"


class PartnersConfig(AppConfig):
    """The tables of `partners` and nothing else of it."""

    name = "partners"
