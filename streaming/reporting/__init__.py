"""How the application says how it does: Spark's reports to MongoDB, Prometheus and consumer groups, and its own signs
of life; and the endpoint that answers who asks. Nothing here ever stops a query.
"""
