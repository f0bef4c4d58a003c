chainrule::grad! {
    fn f(x, y) = x + * y;
}

fn main() {}
