"""Ops on what lives between runs: variables, tables, vocabularies."""
