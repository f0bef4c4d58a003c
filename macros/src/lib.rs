//! The procedural macro behind `chainrule::grad!`.
