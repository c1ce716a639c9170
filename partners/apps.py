from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        # They need every app's models.
        from partners import mails, sign_in_events  # noqa: F401, PLC0415 - the latter registers

        mails.register()
