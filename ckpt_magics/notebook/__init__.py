"""What a person sees and types: the reader, tables, pictures, reports, views, magics."""
