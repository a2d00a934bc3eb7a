

	after
s*
B<
VARIABLE_VALUEVariable after/.ATTRIBUTES/VARIABLE_VALUE*
=7
VARIABLE_VALUEshardeds/.ATTRIBUTES/VARIABLE_VALUE*