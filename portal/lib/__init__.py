"""The leaf every app may import: errors, access, money, ids, API rules. Imports no app."""
