"""What is worth telling at once: rules, where it goes, when not, and the log of it."""
