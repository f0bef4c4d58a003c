chainrule::grad! {
    fn f(x) = x^2;
}

fn main() {}
