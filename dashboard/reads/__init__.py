"""What the tables say, in the shapes of the answers: one small file a topic."""
