from django.apps import AppConfig

from portal.lib.access import register_leads


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        # They need every app's models.
        from leads import agent_mails, client_mails, duty_mails, payloads, rights_mails  # noqa: PLC0415
        from leads.models import Lead  # noqa: PLC0415

        register_leads(Lead.objects.visible_to)
        payloads.register()
        agent_mails.register()
        client_mails.register()
        duty_mails.register()
        rights_mails.register()
