"""Playing a recorded series through the real broker as one device."""
