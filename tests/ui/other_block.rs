chainrule::grad! {
    fn square(x) = x**2;
}

chainrule::grad! {
    fn fourth_power(x) = square(square(x));
}

fn main() {}
