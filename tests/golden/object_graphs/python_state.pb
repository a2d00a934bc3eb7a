

	state
v*
,&
py_statestate/.ATTRIBUTES/py_state*
>8
VARIABLE_VALUEVariablev/.ATTRIBUTES/VARIABLE_VALUE*