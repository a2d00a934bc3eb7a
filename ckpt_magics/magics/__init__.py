"""The IPython magics: parse a line, call one function, display."""
