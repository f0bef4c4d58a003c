chainrule::grad! {
    fn f(x) where x = log(x);
}

fn main() {}
