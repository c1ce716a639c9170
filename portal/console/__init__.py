"""The webhook console: what was sent to partners' systems, what came of it, and what to do then.

Owners see their own at `/portal/settings/webhooks/`, staff everybody's at `/analytics/webhooks/`.
"""
