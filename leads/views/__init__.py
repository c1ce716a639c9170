"""The pages about leads: `agent` and `sharing` for the staff, `client` for the client."""
