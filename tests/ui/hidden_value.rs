chainrule::grad! {
    fn f(x: [3], i) = sum[i](x[i] * i);
}

fn main() {}
