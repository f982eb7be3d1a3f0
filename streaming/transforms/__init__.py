"""Pure functions over frames: no settings, no sources, no sinks."""
