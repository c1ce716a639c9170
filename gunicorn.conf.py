"""How gunicorn serves the portal, wherever it runs.

Threads, because every page waits on SQL; they get whole requests, so that slow clients hold none.
"""

import os

wsgi_app = "portal.wsgi"
bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
worker_class = "portal.server.WholeRequestsWorker"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)
preload_app = True  # half the start, and the workers share what is loaded
keepalive = 30
timeout = 60
graceful_timeout = 5
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True  # its path lies in a home folder that may not be there
# Its own lines are written as the portal's, once; answers are logged by the portal, which names
# addresses by their route and nobody's network.
_format = os.environ.get("LOG_FORMAT") or (
    "text" if os.environ.get("PORTAL_MODE") == "demo" else "json"
)
_writer = {"json": "portal.lib.logs.JsonLine", "text": "portal.lib.logs.OneLine"}[_format]
logconfig_dict = {
    "version": 1,
    "formatters": {"generic": {"()": _writer}},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["error_console"], "propagate": False},
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}
