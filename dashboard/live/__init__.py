"""Changes of the tables, sent to whoever looks: MongoDB change streams on one side, WebSockets on the other."""
