chainrule::grad! {
    fn f(x) = 1 + g(x);
    fn g(x) = 2 * f(x);
}

fn main() {}
