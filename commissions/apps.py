from django.apps import AppConfig


class CommissionsConfig(AppConfig):
    name = "commissions"

    def ready(self) -> None:
        from commissions import agreement_mails, agreements, holds, payloads  # noqa: PLC0415 - needs every app's models

        agreement_mails.register()
        agreements.register()
        holds.register()
        payloads.register()
