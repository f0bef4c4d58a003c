//! The simple layers of a text on back-propagation, each with its forward and backward pass: addition, multiplication,
//! the reciprocal, the exponential, the sigmoid and ReLU. `Saved` holds what the backward pass reads, no more.

use chainrule::grad;

grad! {
    /// z = x + y sends its cotangent on unchanged.
    fn add(x, y) = x + y;
    /// z = x y sends it on times the other input.
    fn multiply(x, y) = x * y;
    /// y = 1/x sends it on times -y².
    fn reciprocal(x) = 1 / x;
    /// y = exp(x) sends it on times y.
    fn exponential(x) = exp(x);
    /// The sigmoid from its definition.
    fn logistic(x) = 1 / (1 + exp(-x));
    /// ReLU lets it pass where x > 0.
    fn rectify(x) = if x > 0 { x } else { 0 };
    /// z = t² and t = x + y: the chain rule's first example.
    fn square_of_sum(x, y) {
        let t = x + y;
        t**2
    }
}

fn main() {
    let upstream = 1.3;
    let (z, saved) = add::forward(10.0, 5.0);
    println!("10 + 5 = {z}, backward {:?}", add::backward(10.0, 5.0, &saved, upstream).to_array());
    let (z, saved) = multiply::forward(10.0, 5.0);
    println!("10 * 5 = {z}, backward {:?}", multiply::backward(10.0, 5.0, &saved, upstream).to_array());
    let (y, saved) = reciprocal::forward(4.0);
    println!("1/4 = {y}, backward {}", reciprocal::backward(4.0, &saved, upstream).x);
    let (y, saved) = exponential::forward(0.0);
    println!("exp(0) = {y}, backward {}", exponential::backward(0.0, &saved, upstream).x);
    let (y, saved) = logistic::forward(0.0);
    println!("sigmoid(0) = {y}, backward {}", logistic::backward(0.0, &saved, upstream).x);
    for x in [-2.0, 0.0, 3.0] {
        let (y, saved) = rectify::forward(x);
        println!("relu({x}) = {y}, backward {}", rectify::backward(x, &saved, upstream).x);
    }
    let (z, gradient) = square_of_sum::value_and_gradient(1.0, 2.0);
    println!("(1 + 2)² = {z}, gradient {:?}", gradient.to_array());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_send_back_what_the_text_says() {
        let saved = add::forward(10.0, 5.0).1;
        assert_eq!(add::backward(10.0, 5.0, &saved, 1.3).to_array(), [1.3, 1.3]);
        let saved = multiply::forward(10.0, 5.0).1;
        assert_eq!(multiply::backward(10.0, 5.0, &saved, 1.3).to_array(), [6.5, 13.0]);
        let saved = reciprocal::forward(4.0).1;
        assert_eq!(reciprocal::backward(4.0, &saved, 1.0).x, -1.0 / 16.0);
        let (y, saved) = exponential::forward(0.7);
        assert_eq!(exponential::backward(0.7, &saved, 2.0).x, 2.0 * y);
        let (y, saved) = logistic::forward(0.7);
        assert!((logistic::backward(0.7, &saved, 2.0).x - 2.0 * y * (1.0 - y)).abs() < 1e-15);
        for (x, slope) in [(-2.0, 0.0), (0.0, 0.0), (3.0, 1.3)] {
            let saved = rectify::forward(x).1;
            assert_eq!(rectify::backward(x, &saved, 1.3).x, slope);
        }
        assert_eq!(square_of_sum::gradient(1.0, 2.0).to_array(), [6.0, 6.0]);
    }
}
