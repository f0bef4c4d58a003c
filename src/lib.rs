//! chainrule: symbolic differentiation, compiled.
