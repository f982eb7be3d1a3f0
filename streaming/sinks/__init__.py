"""Where rows go: MongoDB for people who look now, Delta for ever."""
