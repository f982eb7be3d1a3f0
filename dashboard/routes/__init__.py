"""The paths of the API: one small file a topic; each takes its parameters, asks, and answers in a model."""
