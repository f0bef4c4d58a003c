use chainrule_compiler::print::*;
use chainrule_compiler::{differentiate, evaluate, lower, parse, print, resolve};
fn show(text: &str, point: &[evaluate::Tensor]) {
    let module = match parse::parse_formula(text, &[]) {
        Ok(m) => m,
        Err(e) => {
            for d in e {
                println!("{d} {:?}", d.spans);
            }
            return;
        }
    };
    let functions = match resolve::resolve(&module, text) {
        Ok(f) => f,
        Err(e) => {
            for d in e {
                println!("{d} {:?} {}", d.spans, &text[d.spans[0].start as usize..d.spans[0].end as usize]);
            }
            return;
        }
    };
    let mut function = functions.into_iter().next_back().unwrap();
    let out = function.outputs[0].clone();
    let wrt: Vec<_> = function.parameters.iter().map(|p| p.node).collect();
    let g = differentiate::gradient(&mut function.graph, &out.value, &wrt).unwrap();
    let mut asked =
        vec![Asked { name: "y".into(), value: out.value.clone(), axes: out.axes.clone(), phase: Phase::Forward }];
    let mut wanted = vec![lower::Wanted { value: out.value.clone(), axes: out.axes.clone() }];
    for (p, d) in function.parameters.iter().zip(&g) {
        asked.push(Asked {
            name: format!("dy/d{}", p.name),
            value: d.value.clone(),
            axes: d.axes.clone(),
            phase: Phase::Backward,
        });
        wanted.push(lower::Wanted { value: d.value.clone(), axes: d.axes.clone() });
    }
    for style in [Style::Language, Style::People] {
        let l = print::list(&function.graph, &asked, &function.names, style, &[]);
        for line in l.lets.iter().chain(&l.asked) {
            println!("{} = {}", line.left(), line.formula);
        }
    }
    let program = lower::lower(&function.graph, &wanted);
    println!("{:?}", evaluate::evaluate(&program, point));
}
fn s(x: f64) -> evaluate::Tensor {
    evaluate::Tensor::scalar(x)
}
#[test]
fn smoke() {
    show("walnut * count * tax", &[s(100.0), s(2.0), s(1.1)]);
    show("1/(1+exp(-x))", &[s(0.5)]);
    show("sigmoid(x) + x**3/2", &[s(0.5)]);
    show("if x > 0 { sqrt(x) } else { 0 }", &[s(-1.0)]);
    show("abs(x) * max(x, y)", &[s(-1.0), s(2.0)]);
    show(
        "fn f(x: [N, D], w: [D, H], b: [H], t: [N, H]) { let y = softmax(x @ w + b); -sum(t * log(y)) / N }",
        &[
            evaluate::Tensor { shape: vec![2, 2], data: vec![1., 2., 3., 4.] },
            evaluate::Tensor { shape: vec![2, 3], data: vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6] },
            evaluate::Tensor { shape: vec![3], data: vec![0.1, 0.2, 0.3] },
            evaluate::Tensor { shape: vec![2, 3], data: vec![1., 0., 0., 0., 0., 1.] },
        ],
    );
    show("sgmoid(x) + exp(x, y)", &[]);
    show("fn f(x: [N, N]) = x / sum(x, axis = 1);", &[]);
    show("fn f(x: [N, D], w: [H, D]) = x @ w;", &[]);
    show("fn f(x) = g(x); fn g(x) = f(x);", &[]);
    show(
        "fn f(a: [D]) { let id[i, j] = if i == j { 1 } else { 0 }; sum(id @ a * a) }",
        &[evaluate::Tensor { shape: vec![2], data: vec![3., 4.] }],
    );
}
