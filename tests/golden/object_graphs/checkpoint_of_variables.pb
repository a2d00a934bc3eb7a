
.
a
b
late
save_counter*
>8
VARIABLE_VALUEVariablea/.ATTRIBUTES/VARIABLE_VALUE*
;5
VARIABLE_VALUEnamedb/.ATTRIBUTES/VARIABLE_VALUE*
A;
VARIABLE_VALUEVariablelate/.ATTRIBUTES/VARIABLE_VALUE*
MG
VARIABLE_VALUEsave_counter'save_counter/.ATTRIBUTES/VARIABLE_VALUE*