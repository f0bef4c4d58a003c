chainrule::grad! {
    fn f(x) {}
}

fn main() {}
