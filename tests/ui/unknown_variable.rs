chainrule::grad! {
    fn f(x, z) = x * y + z;
}

fn main() {}
