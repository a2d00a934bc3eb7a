"""SavedModels of graphs: written from a session, loaded into one, and their signatures."""
