//! What `derive --format json` says is true: its formulas, put together to a function, parse again and give the numbers
//! that `eval` gives.

use serde_json::Value;

use super::run;

/// Formulas with the shapes of their inputs and a point.
const CASES: &[(&str, &[&str], &str)] = &[
    ("walnut * count * tax", &[], "walnut=100,count=2,tax=1.1"),
    ("1 / (1 + exp(-x))", &[], "x=0.3"),
    ("-x**2 - (y - (x - 3)) / y / (x / y)", &[], "x=1.7,y=-0.4"),
    ("x**y**2 + (x**2)**y + (-x)**2 + 2**-x", &[], "x=1.3,y=0.7"),
    ("if x > 0 && !(z < x) { sqrt(x) } else if z == 1 { 2 * x } else { -z }", &[], "x=0.8,z=0.9"),
    ("max(x, z) * abs(min(x, -z)) + atan2(z, x) * pi", &[], "x=0.8,z=0.9"),
    ("tanh(sin(x) * cos(x)) + log(1 + x**2) * 0.1", &[], "x=0.8"),
    ("sum(x**2) / sum(abs(x))", &["x=N"], "x=[1,-2,3]"),
    ("x @ w + b", &["x=N,D", "w=D,H", "b=H"], "x=[[1,2],[3,4],[5,6]],w=[[1,-1],[0.5,2]],b=[0.1,0.2]"),
    ("sum((x @ w + b)**2)", &["x=N,D", "w=D,H", "b=H"], "x=[[1,2],[3,4]],w=[[1,-1],[0.5,2]],b=[0.1,0.2]"),
    ("softmax(a)", &["a=N,K"], "a=[[1,2,3],[0.1,-0.2,0.3]]"),
    ("-sum(t * log(softmax(a))) / N", &["a=N,K", "t=N,K"], "a=[[1,2,3],[0.1,-0.2,0.3]],t=[[1,0,0],[0,0.5,0.5]]"),
    ("relu(x)", &["x=N,M"], "x=[[1,-2],[0,3]]"),
    ("logsumexp(x.T @ x)", &["x=N,D"], "x=[[1,2],[3,4]]"),
    ("trace(x) + sum(diag(x) * [1, 2])", &["x=2,2"], "x=[[1,2],[3,4]]"),
    ("fn f(a: [D]) { let id[i, j] = if i == j { 1 } else { 0 }; sum(id @ a * a) }", &[], "a=[3,4]"),
    ("fn f(a, b) -> (u, v) { let s = sin(a * b); (s * a, s / b) }", &[], "a=0.3,b=1.2"),
    ("sum(max(x, axis = 1)) + norm(x) + mean(x)", &["x=N,M"], "x=[[1,-2],[0.5,3]]"),
    ("sum((x @ w - t)**2) / 2", &["x=N,D", "w=D", "t=N"], "x=[[1,2],[3,4],[5,6]],w=[1,-1],t=[0.5,2,0.1]"),
    ("sum(log(1 + exp(-t * (x @ w))))", &["x=N,D", "w=D", "t=N"], "x=[[1,2],[3,4],[5,6]],w=[1,-1],t=[0.5,2,0.1]"),
    ("sum(x * (a @ x)) + sum(x.T @ a @ x)", &["x=D,M", "a=D,D"], "x=[[1],[2]],a=[[1,-1],[0.5,2]]"),
    ("softmax(a, axis = 0) * logsumexp(a, axis = 1, keep = true)", &["a=N,K"], "a=[[1,2,3],[0.1,-0.2,0.3]]"),
    ("sum(outer(x, x) @ outer(x, w)) * sum(eye(3) @ outer(x, w))", &["x=3", "w=D"], "x=[1,2,3],w=[0.5,-1]"),
    ("sum(h.T @ tanh(h @ h.T) @ h)", &["h=N,D"], "h=[[1,0.2],[-0.3,0.4],[0.5,0.6]]"),
    ("fn f(x: [N, N], v: [N]) { let y[i, j] = x[i, j] * v[i] + v[j]; sum(y @ y) }", &[], "x=[[1,2],[3,4]],v=[0.5,-1]"),
    ("fn f(a: [3], x) = a[0] * sin(a[2] * x);", &[], "a=[1,2,3],x=0.5"),
    ("fn f(a: [12], x) = a[3]**2 * x + exp(a[7]);", &[], "a=[1,2,3,4,5,6,7,0.8,9,1,2,3],x=0.5"),
    ("fn f(x: [N, 3], g: [N]) = sum[n](g[n] * x[n, 2]**2 * x[n, 0]);", &[], "x=[[1,2,3],[4,5,6]],g=[0.5,-1]"),
    ("fn f(x: [2, 2]) = x[0, 0] * x[1, 1] - x[0, 1] * x[1, 0];", &[], "x=[[1,2],[3,4]]"),
    ("fn f(x: [3, 3]) = exp(x[1, 2]) * x[0, 0] + x[1, 0];", &[], "x=[[1,2,3],[3,4,0.5],[1,1,2]]"),
    (
        "fn f(x: [3, M]) -> [M] { let c = x > 0; let y[j] = if c[1, j] { x[0, j]**2 } else { x[2, j] }; y }",
        &[],
        "x=[[1,2],[3,-4],[0.5,0.6]]",
    ),
    ("fn f(a: [3]) -> [2] { let z = softmax(a * 2); [z[0] * a[1], z[2]] }", &[], "a=[1,-0.5,0.3]"),
    ("fn f(a, b) { let v = [a, b, a * b]; sum(v**2) + v[2] }", &[], "a=1.5,b=-0.5"),
];

/// What the formulas above are printed with.
const NOTATIONS: &[&str] =
    &[" @ ", ".T", "axis = 0", "keep = true", "outer(", "trace(", "diag(", "x[0, 0]", "[.., 2]", "[["];

#[test]
fn formulas_parse_again_and_mean_the_same() {
    let mut printed = String::new();
    for order in ["1", "2"] {
        for (formula, shapes, at) in CASES {
            let shapes: Vec<&str> = shapes.iter().flat_map(|shape| ["--shape", shape]).collect();
            let arguments = [&["derive", formula, "--order", order, "--format", "json"][..], &shapes].concat();
            let (status, text, error) = run(&arguments);
            if order == "2" && status == 2 && error.contains("a Hessian is of a scalar") {
                continue;
            }
            assert_eq!((status, error.as_str()), (0, ""), "{formula}");
            assert!(text.is_ascii());
            let derived: Value = serde_json::from_str(&text).unwrap();
            let rebuilt = rebuilt(&derived["functions"][0]);
            printed.push_str(&rebuilt);
            let (status, text, error) = run(&["eval", &rebuilt, "--at", at, "--order", "0", "--format", "json"]);
            assert_eq!((status, error.as_str()), (0, ""), "{formula}\n{rebuilt}");
            let found: Value = serde_json::from_str(&text).unwrap();
            let arguments =
                [&["eval", formula, "--at", at, "--order", order, "--format", "json"][..], &shapes].concat();
            let expected: Value = serde_json::from_str(&run(&arguments).1).unwrap();
            let mut pairs = Vec::new();
            compare(&derived["functions"][0], &found["value"], &expected, &mut pairs);
            for (found, expected) in pairs {
                assert!(close(found, expected), "{formula}\n{rebuilt}\n{found}\n{expected}");
            }
        }
    }
    let missing: Vec<&&str> = NOTATIONS.iter().filter(|notation| !printed.contains(**notation)).collect();
    assert!(missing.is_empty(), "nothing was printed with {missing:?}");
}

/// A function of several outputs: the outputs, then the derivatives.
fn rebuilt(function: &Value) -> String {
    let list = |key: &str| function[key].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dims = |value: &Value| {
        let dims: Vec<String> = value.as_array().unwrap().iter().map(|dim| dim.to_string().replace('"', "")).collect();
        if dims.is_empty() { String::new() } else { format!(": [{}]", dims.join(", ")) }
    };
    let mut lines: Vec<(String, String)> = Vec::new();
    for line in list("let") {
        let indices: Vec<String> = line["indices"].as_array().unwrap().iter().map(text).collect();
        let indices = if indices.is_empty() { String::new() } else { format!("[{}]", indices.join(", ")) };
        let statement = format!("let {}{indices} = {};", text(&line["name"]), text(&line["formula"]));
        lines.push((text(&line["name"]), statement));
    }
    for output in list("outputs") {
        let (name, formula) = (text(&output["name"]), text(&output["formula"]));
        lines.push((name.clone(), format!("let {name} = {formula};")));
    }
    let inputs: Vec<String> =
        list("inputs").iter().map(|input| text(&input["name"]) + &dims(&input["shape"])).collect();
    let outputs = list("outputs").iter().map(|output| text(&output["name"]));
    let derivatives = list("derivatives").iter().map(|derivative| text(&derivative["formula"]));
    let results: Vec<String> = outputs.chain(derivatives).collect();
    let names =
        lines.iter().map(|(name, _)| name.clone()).chain(list("inputs").iter().map(|input| text(&input["name"])));
    let names: Vec<String> = names.collect();
    // A scalar formula broadcasts over the shape.
    let whole = |result: &&Value| names.contains(&text(&result["formula"]));
    let shapes = list("outputs").iter().chain(list("derivatives"));
    let shapes =
        shapes.map(|result| Some(result).filter(whole).map(|result| dims(&result["shape"])).unwrap_or_default());
    let names: Vec<String> = shapes.enumerate().map(|(place, shape)| format!("out_{place}{shape}")).collect();
    let lets = ordered(lines).join("\n    ");
    format!(
        "fn rebuilt({}) -> ({}) {{\n    {lets}\n    ({})\n}}",
        inputs.join(", "),
        names.join(", "),
        results.join(", ")
    )
}

/// Lines in an order in which each name stands above its uses.
fn ordered(mut lines: Vec<(String, String)>) -> Vec<String> {
    let mut ordered = Vec::new();
    while !lines.is_empty() {
        let waits = |statement: &str| {
            let (_, right) = statement.split_once('=').unwrap();
            let words: Vec<&str> = right.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            lines.iter().any(|(name, _)| words.contains(&name.as_str()))
        };
        let free = lines.iter().position(|(_, statement)| !waits(statement)).expect("names go in a circle");
        ordered.push(lines.remove(free).1);
    }
    ordered
}

/// Pairs what the rebuilt function says with what `eval` says.
fn compare<'a>(function: &Value, found: &'a Value, expected: &'a Value, pairs: &mut Vec<(&'a Value, &'a Value)>) {
    let list = |key: &str| function[key].as_array().unwrap();
    let several = list("outputs").len() > 1;
    let part = |kind: &str, of: &str| if several { &expected[kind][of] } else { &expected[kind] };
    let mut values = found.as_object().unwrap().values();
    for output in list("outputs") {
        pairs.push((values.next().unwrap(), part("value", output["name"].as_str().unwrap())));
    }
    for derivative in list("derivatives") {
        let mut value = part(derivative["kind"].as_str().unwrap(), derivative["of"].as_str().unwrap());
        for name in derivative["wrt"].as_array().unwrap() {
            value = &value[name.as_str().unwrap()];
        }
        pairs.push((values.next().unwrap(), value));
    }
}

fn close(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| close(found, expected))
        }
        (Value::Number(_), Value::Array(expected)) => expected.iter().all(|expected| close(found, expected)),
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
        }
        _ => found == expected,
    }
}
