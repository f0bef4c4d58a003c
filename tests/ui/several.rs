chainrule::grad! {
    fn f(x) = sgmoid(x);
    fn g(x, y) = exp(x, y);
    fn h(x) = x * y;
}

fn main() {}
