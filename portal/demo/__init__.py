"""The demo world: invented partners, people and clients, and what happened between them.

Everything is made by calling the services, as a person would; loading it again changes nothing.
"""
