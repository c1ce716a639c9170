from django.apps import AppConfig


class CommissionsConfig(AppConfig):
    name = "commissions"

    def ready(self) -> None:
        from commissions import payloads  # noqa: PLC0415 - needs every app's models

        payloads.register()
