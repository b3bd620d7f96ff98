"""Market history from public sources: fetched, checked, joined to what is there, and put in its place."""
