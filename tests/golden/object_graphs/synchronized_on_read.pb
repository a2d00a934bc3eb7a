

r*
=7
VARIABLE_VALUEon_readr/.ATTRIBUTES/VARIABLE_VALUE*