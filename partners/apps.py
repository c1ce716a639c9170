from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        # The first needs every app's models; the second registers its receivers.
        from partners import mails, sign_in_events  # noqa: F401, PLC0415

        mails.register()
