chainrule::grad! {
    fn f(x) = if x > 1 { x * f(x - 1) } else { 1 };
}

fn main() {}
