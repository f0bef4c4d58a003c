chainrule::grad! {
    #[emit(hessain)]
    fn f(x) = x;
    #[emit(only(gradient), hessian)]
    fn g(x) = x;
    #[inline]
    fn h(x) = x;
}

fn main() {}
