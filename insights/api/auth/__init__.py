"""Who may call the API: AWS's Signature Version 4 with access keys of our own, and how often each may call."""
