"""What the API says: the shapes of its answers, from which the page makes its types."""
