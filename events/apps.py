from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        from events import change_mails, notices, payloads  # noqa: PLC0415 - models must be loaded first

        payloads.register(payloads.VERIFY, payloads.challenges)
        payloads.register(payloads.TEST, payloads.tests)
        change_mails.register()
        notices.register()
