"""How quick the portal is, each time as a ratio to a floor measured in the same run."""
