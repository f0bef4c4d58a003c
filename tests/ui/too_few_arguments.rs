chainrule::grad! {
    fn f(y) = atan2(y);
}

fn main() {}
