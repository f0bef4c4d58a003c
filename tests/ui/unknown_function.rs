chainrule::grad! {
    fn f(x) = sgmoid(x);
}

fn main() {}
