//! oracle
#![allow(dead_code)]
mod dual;
mod generate;
#[test] fn look() { let mut bad = 0; for n in 0..2000 { let p = generate::program(1, n); if n < 12 { println!("{}", p.text_minimal); }
 if let Err(e) = dual::run::<f64>(&p.module, &p.function, &p.point) { bad += 1; if bad < 10 {println!("{n}: {e}\n{}", p.text_minimal);} } } println!("bad {bad}"); }
