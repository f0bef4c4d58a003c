//! oracle
#[allow(dead_code)]
mod dual;
