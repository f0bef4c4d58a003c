chainrule::grad! {
    fn f(t1, t2, x)
        where t1 == 1, x > 0, t2 == 1,
            t1 + t2 == 3
        = log(x) * t1 * t2;
    fn g(x) where 1 == 2 = log(x);
}

fn main() {}
