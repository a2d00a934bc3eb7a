"""Ops that feed programs: datasets and their iterators, queues, readers of files and records."""
