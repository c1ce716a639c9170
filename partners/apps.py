from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        from partners import mails  # noqa: PLC0415 - it needs every app's models

        mails.register()

    def ready(self) -> None:
        from partners import sign_in_events  # noqa: F401, PLC0415 - registers its receivers
