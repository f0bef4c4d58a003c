chainrule::grad! {
    fn f(X, W) = X·W;
}

fn main() {}
