"""Receive leads, verify them and accept each: a whole partner's system, in small.

    PORTAL_KEY=pp_live_… python clients/python/examples/accept_leads.py

`PORTAL_ORIGIN` is where the portal is (http://127.0.0.1:8000), `HOOK_PORT` where this listens
(9000), `HOOK_URL` how the portal reaches it (http://127.0.0.1:9000/, which only the demo allows).
"""

import os

from partner_portal import Message, Portal, Receiver
from partner_portal.webhooks import serve

ORIGIN = os.environ.get("PORTAL_ORIGIN", "http://127.0.0.1:8000")
PORT = int(os.environ.get("HOOK_PORT", "9000"))
URL = os.environ.get("HOOK_URL", f"http://127.0.0.1:{PORT}/")


def main() -> None:
    """Register this program's address, then accept what comes until we are stopped."""
    with Portal(ORIGIN, os.environ["PORTAL_KEY"]) as portal:
        endpoint = portal.create_endpoint(URL)
        receiver = Receiver(endpoint["secret"])

        @receiver.on("lead.shared")
        def shared(message: Message) -> None:
            lead_id = message.data["leadId"]
            portal.accept(lead_id)
            print(f"accepted {lead_id}", flush=True)

        print(f"listening on {URL} as {endpoint['id']}", flush=True)
        try:
            serve(receiver, port=PORT).serve_forever()
        except KeyboardInterrupt:
            portal.remove_endpoint(endpoint["id"])


if __name__ == "__main__":
    main()
