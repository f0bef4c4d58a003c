chainrule::grad! {
    fn f(x: [N, D], w: [H, D]) = sum(x @ w);
}

fn main() {}
