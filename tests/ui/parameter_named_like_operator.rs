chainrule::grad! {
    fn f(x, exp) = x * exp;
}

fn main() {}
