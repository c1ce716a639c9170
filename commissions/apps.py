from django.apps import AppConfig


class CommissionsConfig(AppConfig):
    name = "commissions"

    def ready(self) -> None:
        from commissions import agreements, holds, payloads  # noqa: PLC0415 - needs every app's models

        agreements.register()
        holds.register()
        payloads.register()
