from django.apps import AppConfig


class CommissionsConfig(AppConfig):
    name = "commissions"

    def ready(self) -> None:
        from commissions import holds, payloads  # noqa: PLC0415 - needs every app's models

        holds.register()
        payloads.register()
