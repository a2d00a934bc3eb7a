"""MetaGraphs and SavedModels in and out, and the values in frozen graphs."""
