chainrule::grad! {
    fn f(x) = x;
    fn f(x, y) = x * y;
}

fn main() {}
