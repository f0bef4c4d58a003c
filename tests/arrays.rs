//! Functions of arrays that `grad!` emits, used as a user would: by value and by views, against formulas worked out by
//! hand and central differences, and every way to call them wrongly.
#![forbid(unsafe_code)]
#![deny(warnings)]

use chainrule::array::{InputError, View, Workspace};
use chainrule::grad;

grad! {
    // By value.
    #[emit(hessian)]
    fn form(a: [3, 3], x: [3]) = sum(x * (a @ x)) + sum(x**3);
    fn rows(q: [3], r: [2, 3]) -> [2] = r @ q;
    #[emit(jacobian, value_and_jacobian)]
    fn two(q: [3], s) -> (u: [2], v) = ([q[0] * s, q[1] * q[2]], sum(q) * s);
    fn layer(w: f32[2, 3], x: f32[3], b: f32[2]) -> [2] = sigmoid(w @ x + b);
    fn product(x: [3]) = prod(x);
    fn largest(x: [2, 3]) -> [2] = max(x, axis = 1);
    fn branch(x: [4], c) = if sum(x) > c { sum(sqrt(abs(x))) } else { x[0] * x[3] };
    fn chosen(a: [2, 2], x: [2], b: [2]) wrt(b, a) = sum((a @ x + b)**2);
    fn joined(x: [2], y: [3]) -> [5] = concat(y[1..], x, y[..1]);
    /// Names that emitted code has itself.
    fn values_names(y: [2], y0: [2], n0, v1, i0: [2], saved: [2], upstream: [2], Gradient: [2], self_: [2])
        -> (s0: [2], m0, saved_, upstream1: [2]) =
        (y * y0 * sigmoid(saved), n0 * v1, sum(i0 * upstream), exp(Gradient) * self_);

    // By views.
    fn network(x: [N, D], w1: [D, H], b1: [H], w2: [H, K], t: [N, K]) wrt(w1, b1, w2) where sum(t, axis = 1) == 1 {
        let h = tanh(x @ w1 + b1);
        -sum(t * log(softmax(h @ w2))) / N
    }
    fn scores(x: [N, D], w: [D, K], b: [K]) -> [N, K] = softmax(x @ w + b);
    /// Dimensions that are named as their numbers might be.
    #[emit(hessian_vector)]
    fn crossed(a: [n1, n0], b: [n0, m0]) = sum((a @ b)**2);
    fn gathered(table: [V, D], index: i32[N]) -> [N, D] { let out[n, d] = table[index[n], d]; out }
    fn entry(a: [N], k: i32) = a[k]**2 * sum(a);
    fn products(x: [N, K]) = sum(prod(x, axis = 1));
    fn means(x: [N, K]) -> [N] = mean(x, axis = 1);
    fn moments(x: [N]) -> (m, d: [N], v) { let m = mean(x); let d = x - m; (m, d, mean(d**2)) }
    #[emit(views)]
    fn small(x: f32[3], a: f32) -> f32[3] = tanh(x) * a;
    fn views_names(
        inputs: [N], workspace: [N], gradient: [N], sizes: [N], results, Run: [N], lifetime: [N], parameters: [N],
        upstream1: [N], bind: [N]
    ) wrt(inputs, workspace, gradient, sizes, results, lifetime, bind) =
        sum(inputs * workspace + gradient * sizes) * results + sum(Run * lifetime * parameters) * sum(upstream1 * bind);
    fn views_outputs(x: [N]) -> (inputs: [N], workspace: [N], saved: [N], n0: [N], y0: [N], y0_: [N], results, rest: [N]) =
        (x, 2 * x, 3 * x, 4 * x, 5 * x, exp(x), sum(x), 6 * x);
}

/// Central differences of a function of many numbers.
fn differences(f: impl Fn(&[f64]) -> f64, at: &[f64]) -> Vec<f64> {
    let moved = |place: usize, by: f64| {
        let mut numbers = at.to_vec();
        numbers[place] += by;
        f(&numbers)
    };
    (0..at.len()).map(|place| (moved(place, 1e-5) - moved(place, -1e-5)) / 2e-5).collect()
}

#[track_caller]
fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-8 * (1.0 + expected.abs()), "{found} for {expected}");
    }
}

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|number| (number as f64 * 1.3 + 0.2).sin()).collect()
}

#[test]
fn gradients_and_hessians_have_the_shapes_of_their_inputs() {
    let (a, x) = ([[1.0, 2.0, 0.5], [0.1, -0.4, 0.6], [0.7, 0.8, 0.9]], [0.3, -0.8, 1.7]);
    let (value, gradient) = form::value_and_gradient(a, x);
    assert_eq!(value, form(a, x));
    let second = form::hessian(a, x);
    for i in 0..3 {
        let by_x = |j: usize| a[i][j] + a[j][i] + if i == j { 6.0 * x[i] } else { 0.0 };
        near(&second.x.x[i], &[by_x(0), by_x(1), by_x(2)]);
        let slope: f64 = (0..3).map(|j| (a[i][j] + a[j][i]) * x[j]).sum();
        near(&[gradient.x[i]], &[slope + 3.0 * x[i] * x[i]]);
        for j in 0..3 {
            near(&[gradient.a[i][j]], &[x[i] * x[j]]);
            let mut by_x = [0.0; 3];
            by_x[i] += x[j];
            by_x[j] += x[i];
            near(&second.a.x[i][j], &by_x);
            assert_eq!(second.a.a[i][j], [[0.0; 3]; 3]);
        }
    }
    assert_eq!(product::derivative([0.0, 2.0, 3.0]), [6.0, 0.0, 0.0]);
    let chosen::Gradient { b, a } = chosen::gradient([[1.0, 2.0], [3.0, -1.0]], [0.5, 1.0], [0.5, 0.5]);
    assert_eq!((b, a), ([6.0, 2.0], [[3.0, 6.0], [1.0, 2.0]]));
    assert_eq!(branch::gradient([1.0, 4.0, -1.0, 1.0], 9.0).x, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(branch::gradient([1.0, 4.0, -1.0, 1.0], 1.0).x, [0.5, 0.25, -0.5, 0.5]);
}

#[test]
fn jacobians_have_the_indices_of_the_output_first() {
    let (q, r) = ([1.0, 2.0, 3.0], [[4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]);
    let jacobian = rows::jacobian(q, r);
    assert_eq!(jacobian.q, r);
    assert_eq!(jacobian.r, [[q, [0.0; 3]], [[0.0; 3], q]]);
    let (value, jacobian) = two::value_and_jacobian(q, 0.5);
    assert_eq!(value, two(q, 0.5));
    assert_eq!(jacobian, two::jacobian(q, 0.5));
    assert_eq!((jacobian.u.q, jacobian.u.s), ([[0.5, 0.0, 0.0], [0.0, 3.0, 2.0]], [1.0, 0.0]));
    assert_eq!((jacobian.v.q, jacobian.v.s), ([0.5; 3], 6.0));
    assert_eq!(
        largest::jacobian([[1.0, 3.0, 2.0], [5.0, 5.0, 0.0]]).x,
        [[[0.0, 1.0, 0.0], [0.0; 3]], [[0.0; 3], [0.5, 0.5, 0.0]]]
    );
    let jacobian = joined::jacobian([1.0, 2.0], q);
    assert_eq!(joined([1.0, 2.0], [3.0, 4.0, 5.0]), [4.0, 5.0, 1.0, 2.0, 3.0]);
    assert_eq!((jacobian.x[2], jacobian.y[0], jacobian.y[4]), ([1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]));
}

#[test]
fn layers_go_forward_and_backward() {
    let (w, x, b) = ([[1.0_f32, 2.0, 0.1], [3.0, -1.0, 0.4]], [0.3, -0.8, 1.7], [1.0, -0.2]);
    let (y, saved) = layer::forward(w, x, b);
    assert_eq!(y, layer(w, x, b));
    let gradient = layer::backward(w, x, b, &saved, [1.0, 10.0]);
    let slopes = [y[0] * (1.0 - y[0]), 10.0 * y[1] * (1.0 - y[1])];
    for (i, slope) in slopes.into_iter().enumerate() {
        assert!((gradient.b[i] - slope).abs() < 1e-6);
        assert!((gradient.w[i][2] - slope * x[2]).abs() < 1e-6);
    }
    let q = [1.0, 2.0, 3.0];
    let saved = two::forward(q, 0.5).1;
    let gradient = two::backward(q, 0.5, &saved, [1.0, 10.0], 100.0);
    assert_eq!((gradient.q, gradient.s), ([50.5, 80.0, 70.0], 601.0));
}

#[test]
fn networks_have_the_gradients_of_central_differences() -> Result<(), InputError> {
    let x = [[0.1, 0.2, 0.3], [0.4, -0.5, 0.6], [1.0, 0.0, 0.3], [0.3, 0.3, 0.3]];
    let t = [[1.0, 0.0], [0.0, 1.0], [0.25, 0.75], [0.5, 0.5]];
    let mut parameters = network::Parameters::zeros(3, 5, 2);
    parameters.as_mut_slice().copy_from_slice(&numbers(30));
    let (mut workspace, mut gradient) = (network::Workspace::default(), network::Gradient::zeros(3, 5, 2));
    let inputs = network::Inputs::new(&parameters, &x, &t);
    let value = network::value_and_gradient(&inputs, &mut workspace, &mut gradient)?;
    assert_eq!(network(&inputs, &mut workspace)?, value);
    let at = |numbers: &[f64]| {
        let mut parameters = parameters.clone();
        parameters.as_mut_slice().copy_from_slice(numbers);
        network(&network::Inputs::new(&parameters, &x, &t), &mut Workspace::new()).unwrap_or(f64::NAN)
    };
    let expected = gradient.clone();
    near(expected.as_slice(), &differences(at, parameters.as_slice()));
    assert_eq!((gradient.w1().shape(), gradient.b1().shape(), gradient.w2().shape()), ([3, 5], [5], [5, 2]));

    network::add_gradient(&inputs, &mut workspace, &mut gradient)?;
    assert!(gradient.as_slice().iter().zip(expected.as_slice()).all(|(sum, one)| *sum == 2.0 * one));
    let mut saved = network::Saved::default();
    assert_eq!(network::forward(&inputs, &mut workspace, &mut saved)?, value);
    network::backward(&inputs, &saved, 2.0, &mut workspace, &mut gradient)?;
    near(gradient.as_slice(), &expected.as_slice().iter().map(|one| 2.0 * one).collect::<Vec<_>>());

    // The same images by columns, and with other numbers between them.
    let columns: Vec<f64> = (0..3).flat_map(|column| x.iter().map(move |row| row[column])).collect();
    let by_columns = network::Inputs { x: View::new(&columns, [3, 4])?.transposed(), ..inputs };
    network::value_and_gradient(&by_columns, &mut workspace, &mut gradient)?;
    near(gradient.as_slice(), expected.as_slice());
    let apart: Vec<f64> = x.iter().flat_map(|row| [row[0], f64::NAN, row[1], f64::NAN, row[2], 9.0, 9.0]).collect();
    let apart = network::Inputs { x: View::with_strides(&apart, [4, 3], [7, 2])?, ..inputs };
    network::value_and_gradient(&apart, &mut workspace, &mut gradient)?;
    near(gradient.as_slice(), expected.as_slice());
    Ok(())
}

#[test]
fn one_workspace_serves_functions_of_all_sizes() -> Result<(), InputError> {
    let mut workspace = Workspace::default();
    let all = numbers(600);
    for (n, d, k) in [(1, 1, 1), (20, 30, 20), (2, 3, 4), (0, 3, 4), (30, 1, 5), (3, 0, 2)] {
        let inputs = scores::Inputs {
            x: View::new(&all[..n * d], [n, d])?,
            w: View::new(&all[..d * k], [d, k])?,
            b: View::new(&all[..k], [k])?,
        };
        let mut y = vec![0.0; n * k];
        scores(&inputs, &mut workspace, &mut y)?;
        assert!(y.chunks(k).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        let mut other = vec![0.0; n * k];
        scores(&inputs, &mut Workspace::new(), &mut other)?;
        assert_eq!(y, other);

        let inputs = crossed::Inputs { a: View::new(&all[..n * d], [n, d])?, b: View::new(&all[..d * k], [d, k])? };
        let mut gradient = crossed::Gradient::zeros(n, d, k);
        assert_eq!((gradient.a().shape(), gradient.b().shape()), ([n, d], [d, k]));
        let value = crossed::value_and_gradient(&inputs, &mut workspace, &mut gradient)?;
        // It is homogeneous, of degree 2 in `a`.
        let slope: f64 = gradient.a().data().iter().zip(&all).take(n * d).map(|(slope, a)| slope * a).sum();
        near(&[slope], &[2.0 * value]);
    }
    Ok(())
}

#[test]
fn integers_choose_entries() -> Result<(), InputError> {
    let (table, index) = ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [2, 0, 2]);
    let inputs = gathered::Inputs { table: (&table).into(), index: (&index).into() };
    let (mut workspace, mut saved) = (Workspace::default(), gathered::Saved::default());
    let (mut y, mut gradient) = ([0.0; 6], gathered::Gradient::zeros(3, 2));
    gathered::forward(&inputs, &mut workspace, &mut saved, &mut y)?;
    assert_eq!(y, [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    let upstream = [[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]];
    gathered::backward(&inputs, &saved, (&upstream).into(), &mut workspace, &mut gradient)?;
    assert_eq!(gradient.as_slice(), [2.0, 20.0, 0.0, 0.0, 5.0, 50.0]);
    for wrong in [3, -1, i32::MAX, i32::MIN] {
        let error = gathered(&gathered::Inputs { index: (&[0, wrong, 1]).into(), ..inputs }, &mut workspace, &mut y);
        let text = format!("`index[1]` is {wrong}, which is no position along an axis of size 3");
        assert_eq!(error.map_err(|error| error.to_string()), Err(text));
    }

    let inputs = entry::Inputs { a: (&[1.0, 2.0, 4.0]).into(), k: 1 };
    let mut gradient = entry::Gradient::zeros(3);
    assert_eq!(entry::value_and_gradient(&inputs, &mut workspace, &mut gradient)?, 28.0);
    assert_eq!(gradient.as_slice(), [4.0, 32.0, 4.0]);
    let error = entry(&entry::Inputs { k: 3, ..inputs }, &mut workspace).map_err(|error| error.to_string());
    assert_eq!(error, Err("`k` is 3, which is no position along an axis of size 3".into()));
    Ok(())
}

#[test]
fn nothing_has_sums_of_zero_no_mean_and_no_maximum() -> Result<(), InputError> {
    let mut workspace = Workspace::default();
    let nothing = |rows, columns| View::new(&[][..], [rows, columns]);
    let inputs = products::Inputs { x: nothing(3, 0)? };
    assert_eq!(products::value_and_gradient(&inputs, &mut workspace, &mut products::Gradient::zeros(3, 0))?, 3.0);
    assert_eq!(products(&products::Inputs { x: nothing(0, 3)? }, &mut workspace)?, 0.0);
    let mut y = [0.0_f64; 3];
    means(&means::Inputs { x: nothing(3, 0)? }, &mut workspace, &mut y)?;
    assert!(y.iter().all(|mean| mean.is_nan()));

    let scores = |n, k| {
        let inputs = scores::Inputs { x: nothing(n, 0)?, w: nothing(0, k)?, b: View::new(&y[..k], [k])? };
        scores(&inputs, &mut Workspace::new(), &mut vec![0.0; n * k])
    };
    scores(0, 2)?;
    scores(2, 3)?;
    let error = scores(2, 0).map_err(|error| error.to_string());
    assert_eq!(error, Err("`w`: a maximum over nothing: K = 0".into()));

    // Over no class no target sums to 1, but what is said is that there is no class.
    let x = [[1.0], [2.0]];
    let parameters = network::Parameters::zeros(1, 1, 0);
    let inputs = network::Inputs::new(&parameters, &x, nothing(2, 0)?);
    let mut gradient = parameters.clone();
    let error = network::value_and_gradient(&inputs, &mut workspace, &mut gradient).map_err(|error| error.to_string());
    assert_eq!(error, Err("`w2`: a maximum over nothing: K = 0".into()));
    Ok(())
}

#[test]
fn wrong_sizes_are_named() -> Result<(), InputError> {
    let x = numbers(12);
    let (mut workspace, mut saved) = (Workspace::default(), network::Saved::default());
    let (parameters, t) = (network::Parameters::zeros(3, 5, 2), [[0.5, 0.5]; 4]);
    let inputs = network::Inputs::new(&parameters, View::new(&x, [4, 3])?, &t);
    let text = |result: Result<f64, InputError>| result.map_err(|error| error.to_string());

    let mut gradient = network::Gradient::zeros(3, 4, 2);
    let expected = Err("`gradient.w1` is [3, 4], but the formula says [D, H], where H = 5 since `w1` is [3, 5]".into());
    assert_eq!(text(network::value_and_gradient(&inputs, &mut workspace, &mut gradient)), expected);
    assert_eq!(text(network::add_gradient(&inputs, &mut workspace, &mut gradient)), expected);
    assert_eq!(gradient, network::Gradient::zeros(3, 4, 2));

    let expected = Err("`t` is [3, 2], but the formula says [N, K], where N = 4 since `x` is [4, 3]".into());
    let three = network::Inputs { t: View::from(&t[..3]), ..inputs };
    assert_eq!(text(network(&three, &mut workspace)), expected);

    let expected = "what was saved is not of a forward pass of inputs of these sizes";
    let mut gradient = network::Gradient::zeros(3, 5, 2);
    let backward = |inputs, saved: &_, gradient: &mut _| {
        let result = network::backward(inputs, saved, 1.0, &mut Workspace::new(), gradient);
        result.map_err(|error| error.to_string())
    };
    assert_eq!(backward(&inputs, &saved, &mut gradient), Err(expected.into()));
    network::forward(&inputs, &mut workspace, &mut saved)?;
    let three = network::Inputs { x: View::new(&x[..9], [3, 3])?, ..three };
    assert_eq!(backward(&three, &saved, &mut gradient), Err(expected.into()));
    assert_eq!(backward(&inputs, &saved, &mut gradient), Ok(()));

    // Where all sizes are stated, too, nothing may have been saved.
    let (inputs, y) = (small::Inputs { x: (&[1.0, 2.0, 3.0]).into(), a: 2.0 }, [0.0; 3]);
    let (mut workspace, mut gradient) = (Workspace::default(), small::Gradient::default());
    let result = small::backward(&inputs, &small::Saved::default(), (&y).into(), &mut workspace, &mut gradient);
    assert_eq!(result.map_err(|error| error.to_string()), Err(expected.into()));
    let result = small(&inputs, &mut workspace, &mut [0.0; 4]).map_err(|error| error.to_string());
    assert_eq!(result, Err("`y` has 4 numbers, but its shape [3] takes 3".into()));
    Ok(())
}

#[test]
fn hessians_are_multiplied_by_a_direction() -> Result<(), InputError> {
    let (a, b) = (numbers(6), numbers(12));
    let inputs = crossed::Inputs { a: View::new(&a, [2, 3])?, b: View::new(&b, [3, 4])? };
    let mut right = crossed::Parameters::zeros(2, 3, 4);
    right.a_mut().as_mut_slice().copy_from_slice(&a);
    let product = |direction: &_, mut product: crossed::Parameters| {
        crossed::hessian_vector(&inputs, direction, &mut Workspace::new(), &mut product)?;
        Ok(product)
    };
    // It is homogeneous, of degree 2 in `a`: along `a`, the slope by `a` grows as `a` does, that by `b` twice as fast.
    let mut gradient = right.clone();
    crossed::value_and_gradient(&inputs, &mut Workspace::new(), &mut gradient)?;
    let found = product(&right, right.clone())?;
    near(&found.as_slice()[..6], &gradient.as_slice()[..6]);
    near(&found.as_slice()[6..], &gradient.as_slice()[6..].iter().map(|slope| 2.0 * slope).collect::<Vec<_>>());

    // What has a wrong size is named as the argument that it is.
    let text = |result: Result<_, InputError>| result.map_err(|error| error.to_string());
    let expected =
        |name| Err(format!("`{name}.b` is [3, 5], but the formula says [n0, m0], where m0 = 4 since `b` is [3, 4]"));
    let wrong = crossed::Parameters::zeros(2, 3, 5);
    assert_eq!(text(product(&wrong, right.clone())), expected("direction"));
    assert_eq!(text(product(&right, wrong)), expected("product"));
    Ok(())
}

#[test]
fn several_outputs_are_numbers_and_slices() -> Result<(), InputError> {
    let x = [1.0, 2.0, 6.0];
    let inputs = moments::Inputs { x: (&x).into() };
    let (mut workspace, mut saved) = (Workspace::default(), moments::Saved::default());
    let (mut d, mut gradient) = ([0.0; 3], moments::Gradient::zeros(3));
    let (m, v) = moments::forward(&inputs, &mut workspace, &mut saved, &mut d)?;
    assert_eq!((m, d), (3.0, [-2.0, -1.0, 3.0]));
    near(&[v], &[14.0 / 3.0]);
    moments::backward(&inputs, &saved, 3.0, (&[1.0, 0.0, 0.0]).into(), 1.5, &mut workspace, &mut gradient)?;
    near(gradient.as_slice(), &[1.0 - 2.0 + 2.0 / 3.0, 1.0 - 1.0 - 1.0 / 3.0, 1.0 + 3.0 - 1.0 / 3.0]);
    Ok(())
}

#[test]
fn names_of_emitted_code_are_free() -> Result<(), InputError> {
    let (a, b) = ([0.5, 1.0], [2.0, 4.0]);
    let ((s0, m0, saved_, _), saved) = values_names::forward(a, b, 3.0, 5.0, a, [0.0; 2], b, a, b);
    assert_eq!((s0, m0, saved_), ([0.5, 2.0], 15.0, 5.0));
    let gradient =
        values_names::backward(a, b, 3.0, 5.0, a, [0.0; 2], b, a, b, &saved, [1.0, 1.0], 1.0, 10.0, [0.0; 2]);
    assert_eq!((gradient.y, gradient.n0, gradient.i0), ([1.0, 2.0], 5.0, [20.0, 40.0]));

    let mut workspace = Workspace::default();
    let mut parameters = views_names::Parameters::zeros(2);
    parameters.as_mut_slice().copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.5, 9.0, 10.0, 0.25, 0.75]);
    let inputs = views_names::Inputs::new(&parameters, &a, &a, &b);
    let mut gradient = parameters.clone();
    let value = views_names::value_and_gradient(&inputs, &mut workspace, &mut gradient)?;
    assert_eq!(value, 94.0 * 0.5 + 12.25 * 3.5);
    assert_eq!(*gradient.results_mut(), 94.0);

    let mut y = [[0.0; 2]; 7];
    let [first, second, third, fourth, fifth, sixth, last] = &mut y;
    let inputs = views_outputs::Inputs { x: (&a).into() };
    let sum = views_outputs(&inputs, &mut workspace, first, second, third, fourth, fifth, sixth, last)?;
    assert_eq!((sum, y[3], y[4], y[6]), (1.5, [2.0, 4.0], [2.5, 5.0], [3.0, 6.0]));
    Ok(())
}
