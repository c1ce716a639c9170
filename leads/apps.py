from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads import payloads  # noqa: PLC0415 - needs every app's models

        payloads.register()
