
!
a_first
net
v*
$momentummomentum*

w*
71
VARIABLE_VALUEvv/.ATTRIBUTES/VARIABLE_VALUE*
A;
VARIABLE_VALUEscope/w net/w/.ATTRIBUTES/VARIABLE_VALUE*
a[
VARIABLE_VALUE
v/Momentum=v/.OPTIMIZER_SLOT/a_first/momentum/.ATTRIBUTES/VARIABLE_VALUE*
ke
VARIABLE_VALUEscope/w/MomentumAnet/w/.OPTIMIZER_SLOT/a_first/momentum/.ATTRIBUTES/VARIABLE_VALUE*