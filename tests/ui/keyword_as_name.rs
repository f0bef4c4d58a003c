chainrule::grad! {
    fn f(x, type) = x * type;
}

fn main() {}
