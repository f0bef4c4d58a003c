//! Views against their definition, errors against their texts.

use super::{Dimension, InputError, Size, Sizes, View, ViewMut};

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|at| at as f64).collect()
}

#[test]
fn nested_arrays_have_the_shape_of_their_types() {
    let line = [1.0_f32, 2.0];
    assert_eq!((View::from(&line).shape(), View::from(&line[..]).strides()), ([2], [1]));
    assert_eq!(View::from(&vec![1, 2, 3]).get([2]), Some(3));
    let rows = [[1, 2, 3], [4, 5, 6]];
    for view in [View::from(&rows), View::from(&rows[..]), View::from(&rows.to_vec())] {
        assert_eq!((view.shape(), view.strides(), view.data()), ([2, 3], [3, 1], &[1, 2, 3, 4, 5, 6][..]));
    }
    let blocks = [[[1, 2, 3], [4, 5, 6]]];
    let view: View<i32, 3> = (&blocks).into();
    assert_eq!((view.shape(), view.strides(), view.get([0, 1, 2])), ([1, 2, 3], [6, 3, 1], Some(6)));
    let two = [blocks, blocks];
    let view: View<i32, 4> = (&two).into();
    assert_eq!((view.shape(), view.get([1, 0, 1, 0])), ([2, 1, 2, 3], Some(4)));
    let empty: [[f64; 0]; 4] = [[]; 4];
    let none: View<f64, 2> = (&empty).into();
    assert_eq!((none.shape(), none.is_empty(), none.get([0, 0])), ([4, 0], true, None));
}

#[test]
fn a_view_takes_the_numbers_that_its_shape_says() {
    let data = numbers(6);
    assert_eq!(View::new(&data, [2, 3]).unwrap().get([1, 2]), Some(5.0));
    assert_eq!(View::new(&data[..1], []).unwrap().get([]), Some(0.0));
    assert_eq!(View::new(&data[..0], [usize::MAX, usize::MAX, 0]).unwrap().len(), 0);
    for shape in [[2, 2], [3, 3], [0, 6], [usize::MAX, 2]] {
        assert!(matches!(View::new(&data, shape), Err(InputError::Length { .. })), "{shape:?}");
        assert!(ViewMut::new(&mut numbers(6), shape).is_err());
    }
}

#[test]
fn strides_stay_inside_of_the_slice() {
    let data = numbers(8);
    let view = View::with_strides(&data, [2, 3], [4, 1]).unwrap();
    assert_eq!((view.get([1, 2]), view.get([2, 0]), view.get([0, 3])), (Some(6.0), None, None));
    assert!(View::with_strides(&data, [2, 3], [1, 3]).is_ok());
    assert!(View::with_strides(&data, [2, 3], [2, 3]).is_err());
    assert!(View::with_strides(&data, [usize::MAX, 2], [0, 7]).is_ok());
    assert!(View::with_strides(&data, [usize::MAX, 2], [2, 7]).is_err());
    assert!(View::<f64, 2>::with_strides(&[], [0, 2], [2, 7]).is_ok());
    assert!(View::<f64, 2>::with_strides(&[], [1, 1], [0, 0]).is_err());
    assert!(View::<f64, 0>::with_strides(&[], [], []).is_err());
}

#[test]
fn dense_numbers_are_borrowed_and_others_copied_in_order() {
    let data = numbers(80);
    let mut scratch = Vec::new();
    for shape in [[3, 4, 5], [1, 5, 4], [2, 1, 3], [2, 3, 1], [0, 2, 2]] {
        let [a, b, c] = shape;
        for strides in [[b * c, c, 1], [1, a, a * b], [20, 1, 5], [0, 0, 1], [1, 1, 0]] {
            let view = View::with_strides(&data, shape, strides).unwrap();
            let positions = (0..a).flat_map(|i| (0..b).flat_map(move |j| (0..c).map(move |k| [i, j, k])));
            let expected: Vec<f64> = positions.map(|position| view.get(position).unwrap()).collect();
            scratch.clear();
            let dense = view.dense(&mut scratch).to_vec();
            assert_eq!(dense, expected, "{view:?}");
            assert_eq!(scratch.is_empty(), view.is_dense(), "{view:?}");
            assert_eq!(view.is_dense(), dense.iter().enumerate().all(|(at, &number)| number == at as f64), "{view:?}");
        }
    }
    let turned = View::new(&data[..60], [6, 10]).unwrap().transposed();
    assert_eq!((turned.shape(), turned.strides(), turned.is_dense()), ([10, 6], [1, 10], false));
    assert_eq!(turned.dense(&mut scratch)[..3], [0.0, 10.0, 20.0]);
    let memory = scratch.as_ptr();
    assert_eq!(turned.dense(&mut scratch).as_ptr(), memory);
}

#[test]
fn numbers_are_written_by_position() {
    let mut rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let mut view = ViewMut::from(&mut rows);
    assert_eq!((view.set([1, 0], 7.0), view.set([0, 3], 8.0), view.get([1, 0])), (Some(4.0), None, Some(7.0)));
    view.as_mut_slice()[5] = 9.0;
    assert_eq!((view.as_view().get([1, 2]), view.as_slice()[0]), (Some(9.0), 1.0));
    assert_eq!(rows, [[1.0, 2.0, 3.0], [7.0, 5.0, 9.0]]);
}

#[test]
fn errors_say_what_contradicts() {
    let text = |error: InputError| error.to_string();
    let data = numbers(3);
    let error = View::new(&data, [2, 2]).unwrap_err();
    assert_eq!(text(error.clone()), "an array has 3 numbers, but its shape [2, 2] takes 4");
    assert_eq!(text(error.about("x")), "`x` has 3 numbers, but its shape [2, 2] takes 4");
    let error = View::with_strides(&data[..1], [2, 2], [2, 1]).unwrap_err().about("x");
    let strides = "`x` has 1 number, but its shape [2, 2] with the strides [2, 1] reaches beyond them";
    assert_eq!(text(error), strides);
    let empty = InputError::empty("x", "maximum", Dimension::Named("N"));
    assert_eq!(text(empty), "`x`: a maximum over nothing: N = 0");
    assert_eq!(
        text(InputError::index("index", &[3], 12, 10)),
        "`index[3]` is 12, which is no position along an axis of size 10"
    );
    assert_eq!(text(InputError::index("i", &[], -1, 4)), "`i` is -1, which is no position along an axis of size 4");
}

#[test]
fn sizes_are_those_of_every_input() {
    let (h, n) = (Size::Named(0), Size::Named(1));
    let mut sizes = Sizes::new(["H", "N"]);
    sizes.bind("b1", &[50], &[h]).unwrap();
    sizes.bind("x", &[0, 784], &[n, Size::Literal(784)]).unwrap();
    assert_eq!((sizes.get(0), sizes.get(1)), (50, 0));
    let mut refused =
        |name, shape: &[usize], formula: &[Size]| sizes.bind(name, shape, formula).unwrap_err().to_string();
    assert_eq!(
        refused("w1", &[784, 40], &[Size::Literal(784), h]),
        "`w1` is [784, 40], but the formula says [784, H], where H = 50 since `b1` is [50]"
    );
    assert_eq!(refused("w1", &[783, 50], &[Size::Literal(784), h]), "`w1` is [783, 50], but the formula says [784, H]");
    assert_eq!(refused("x", &[5], &[h, n]), "`x` is [5], but the formula says [H, N]");
    let mut sizes = Sizes::new(["D"]);
    let square = sizes.bind("q", &[2, 3], &[Size::Named(0); 2]).unwrap_err();
    assert_eq!(square.to_string(), "`q` is [2, 3], but the formula says [D, D]");
    assert!(matches!(square, InputError::Shape(contradiction) if contradiction.dimension == Some(1)));
}

#[cfg(feature = "ndarray")]
#[test]
fn arrays_of_ndarray_are_read_where_they_lie() {
    use ndarray::{Array, Array2, ArrayView2, Axis, s};

    let array = Array2::from_shape_vec([3, 4], numbers(12)).unwrap();
    let same = |array: ArrayView2<f64>| {
        let view: View<f64, 2> = array.try_into().unwrap();
        assert_eq!(view.shape(), [array.nrows(), array.ncols()]);
        array.indexed_iter().all(|((row, column), &number)| view.get([row, column]) == Some(number))
    };
    assert!(same(array.view()) && same(array.t()) && same(array.slice(s![1..3, ..])));
    assert!(same(array.slice(s![..0, ..])) && same(array.slice(s![1..2, ..;-1]).as_standard_layout().view()));
    for refused in [array.slice(s![.., 1..3]), array.slice(s![..;-1, ..]), array.slice(s![..;2, ..])] {
        let error = View::try_from(refused).unwrap_err();
        assert!(matches!(error, InputError::Layout { .. }), "{error}");
    }
    let backwards = View::try_from(array.slice(s![..;-1, ..])).unwrap_err().about("x").to_string();
    assert!(backwards.starts_with("`x` of the shape [3, 4] has gaps or runs backwards"), "{backwards}");
    let cube = Array::from_shape_vec([2, 3, 2, 1], numbers(12)).unwrap();
    let view: View<f64, 4> = (&cube).try_into().unwrap();
    assert_eq!(view.get([1, 2, 1, 0]), Some(11.0));
    let line = array.index_axis(Axis(0), 2);
    assert_eq!(View::try_from(&line).unwrap().get([3]), Some(11.0));
}
