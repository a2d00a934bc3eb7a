"""Programs that run for long: sessions that begin where the last one ended, and what is done beside their steps."""
