//! Shopping with consumption tax: one kind of nut, then two. Every price, count and the tax is an input, so the gradient
//! says how much the bill changes when one of them does.

use chainrule::grad;

grad! {
    /// The price of some walnuts: price of a piece, number of pieces, consumption tax.
    fn purchase(walnut, count, tax) = walnut * count * tax;

    /// The price of walnuts and pistachios.
    fn two_kinds(walnut, walnut_count, pistachio, pistachio_count, tax) {
        let walnut_price = walnut * walnut_count;
        let pistachio_price = pistachio * pistachio_count;
        (walnut_price + pistachio_price) * tax
    }
}

fn main() {
    let (price, gradient) = purchase::value_and_gradient(100.0, 2.0, 1.1);
    println!("2 walnuts of 100 each: {price:.0}");
    println!("  by walnut {:.1}, count {:.0}, tax {:.0}", gradient.walnut, gradient.count, gradient.tax);

    let (price, gradient) = two_kinds::value_and_gradient(100.0, 2.0, 150.0, 3.0, 1.1);
    println!("2 walnuts of 100 and 3 pistachios of 150: {price:.0}");
    println!("  by walnut {:.1}, walnut count {:.0}", gradient.walnut, gradient.walnut_count);
    println!("  by pistachio {:.1}, pistachio count {:.0}", gradient.pistachio, gradient.pistachio_count);
    println!("  by tax {:.0}", gradient.tax);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) -> bool {
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12 * b.abs())
    }

    #[test]
    fn one_kind() {
        let (price, gradient) = purchase::value_and_gradient(100.0, 2.0, 1.1);
        assert!(near(&[price], &[220.0]));
        assert!(near(&gradient.to_array(), &[2.2, 110.0, 200.0]));
    }

    #[test]
    fn two_kinds_of_nuts() {
        let (price, gradient) = two_kinds::value_and_gradient(100.0, 2.0, 150.0, 3.0, 1.1);
        assert!(near(&[price], &[715.0]));
        assert!(near(&gradient.to_array(), &[2.2, 110.0, 3.3, 165.0, 650.0]));
    }
}
