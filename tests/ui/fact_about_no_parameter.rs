chainrule::grad! {
    fn f(x) where sum(t) == 1 = log(x);
}

fn main() {}
