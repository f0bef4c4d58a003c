chainrule::grad! {
    fn f(x, y) = exp(x, y);
}

fn main() {}
