chainrule::grad! {
    fn f(x: [N, N]) = sum(x / sum(x, axis = 1));
}

fn main() {}
