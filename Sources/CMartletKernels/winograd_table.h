// Which of an instruction set's tables serves F(outputs, taps): F(4,2), F(3,4), F(4,3), F(3,3) or F(2,3).

#define OF_TILE(isa)                 \
  (taps == 2      ? &isa##_table_42  \
   : taps == 4    ? &isa##_table_34  \
   : outputs == 4 ? &isa##_table_43  \
   : outputs == 3 ? &isa##_table_33  \
                  : &isa##_table_23)
