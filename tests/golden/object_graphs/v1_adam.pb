
!
a_first
net
v*
J
beta1_power
beta2_powermmv	v
*

w*
71
VARIABLE_VALUEvv/.ATTRIBUTES/VARIABLE_VALUE*
SM
VARIABLE_VALUEbeta1_power.a_first/beta1_power/.ATTRIBUTES/VARIABLE_VALUE*
SM
VARIABLE_VALUEbeta2_power.a_first/beta2_power/.ATTRIBUTES/VARIABLE_VALUE*
A;
VARIABLE_VALUEscope/w net/w/.ATTRIBUTES/VARIABLE_VALUE*
VP
VARIABLE_VALUEv/Adam6v/.OPTIMIZER_SLOT/a_first/m/.ATTRIBUTES/VARIABLE_VALUE*
`Z
VARIABLE_VALUEscope/w/Adam:net/w/.OPTIMIZER_SLOT/a_first/m/.ATTRIBUTES/VARIABLE_VALUE*
XR
VARIABLE_VALUEv/Adam_16v/.OPTIMIZER_SLOT/a_first/v/.ATTRIBUTES/VARIABLE_VALUE*
b\
VARIABLE_VALUEscope/w/Adam_1:net/w/.OPTIMIZER_SLOT/a_first/v/.ATTRIBUTES/VARIABLE_VALUE*