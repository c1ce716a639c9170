"""A partner's own system, in small: takes webhooks, checks who signed them, shows what came.

A process of its own that shares nothing with the portal but the secrets each side of a webhook
knows. It checks signatures as any Python partner would, with `clients/python`.
"""
