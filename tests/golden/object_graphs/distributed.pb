

m*
>8
VARIABLE_VALUEmirroredm/.ATTRIBUTES/VARIABLE_VALUE*