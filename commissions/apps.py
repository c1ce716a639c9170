from django.apps import AppConfig


class CommissionsConfig(AppConfig):
    name = "commissions"

    def ready(self) -> None:
        from commissions import (  # noqa: PLC0415 - needs every app's models
            agreement_mails,
            agreements,
            dispute_mails,
            erasing,
            holds,
            payloads,
        )

        agreement_mails.register()
        agreements.register()
        dispute_mails.register()
        erasing.register()
        holds.register()
        payloads.register()
