from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        # They need every app's models.
        from leads import agent_mails, client_mails, duty_mails, payloads, rights_mails  # noqa: PLC0415

        payloads.register()
        agent_mails.register()
        client_mails.register()
        duty_mails.register()
        rights_mails.register()
