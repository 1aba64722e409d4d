"""The web service: `/api/v1`, its jobs and its store, and the built front end.

It formats and carries; what is calculated is calculated by the parts below, called from `questions` alone.
"""
