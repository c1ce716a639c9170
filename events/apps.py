from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        from events import payloads  # noqa: PLC0415 - models must be loaded first

        payloads.register(payloads.VERIFY, payloads.challenges)
