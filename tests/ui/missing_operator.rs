chainrule::grad! {
    fn f(x) = 2x + sin(2(x));
}

fn main() {}
