// A gradient by views has a method for each input, so an input cannot be named as another method.
chainrule::grad! {
    fn writes(x: [N], x_mut: [N]) = sum(x * x_mut);
    fn reads(as_slice: [N]) = sum(as_slice**2);
    fn by_value(x: [2], x_mut: [2]) = sum(x * x_mut);
    fn no_derivative(x: [N], zeros: [N]) wrt(x) = sum(x * zeros);
}

fn main() {}
