"""The pages of a partner's people: dashboard, leads, commissions, reconciliation."""
