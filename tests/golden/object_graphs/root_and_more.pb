

w
	extra
root*
>8
VARIABLE_VALUEVariablew/.ATTRIBUTES/VARIABLE_VALUE*
B<
VARIABLE_VALUEVariable extra/.ATTRIBUTES/VARIABLE_VALUE*