from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads import client_mails, duty_mails, payloads  # noqa: PLC0415 - they need every app's models

        payloads.register()
        client_mails.register()
        duty_mails.register()
