"""Places: villages, towns, counties, datums and geofences."""
