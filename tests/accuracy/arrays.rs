//! Functions of arrays, at small sizes: how people write them, and what is true of them, by hand in formulas of scalars.

use std::fmt::Write as _;

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::evaluate::{Tensor, evaluate};
use chainrule_compiler::lower::{Program, lower};
use chainrule_compiler::number::FloatType;
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::resolve::{Function, resolve};

use crate::measure::{BOUND, RANGES, Row, Truth, Truths};

/// How many points are drawn from the whole range of the type.
const EXTREMES: usize = 250;

/// A function of rows of three numbers `a`, and of as many probabilities `t` that stay as they are.
pub struct ArrayCase {
    pub name: &'static str,
    rows: usize,
    targets: bool,
    /// Of the highest derivatives that are measured.
    order: u8,
    /// Of one row: what is summed over the rows, its three derivatives, and the nine second ones.
    truth: fn(&Row3) -> Vec<String>,
    spellings: &'static [&'static str],
}

/// The names of a row's numbers.
pub struct Row3 {
    a: [String; 3],
    t: [String; 3],
    row: usize,
}

pub const ARRAYS: &[ArrayCase] = &[
    ArrayCase {
        name: "log-sum-exp",
        rows: 1,
        targets: false,
        order: 2,
        truth: |row| {
            let mut all = vec![format!("m{0} + log1p(r{0})", row.row)];
            all.extend((0..3).map(|i| row.probability(i)));
            all.extend(row.curvature());
            all
        },
        spellings: &[
            "fn f(a: T[K]) = log(sum(exp(a)));",
            "fn f(a: T[K]) { let m = max(a); m + log(sum(exp(a - m))) }",
            "fn f(a: T[K]) = logsumexp(a);",
            "fn f(a: T[K]) { let s = sum[k](exp(a[k])); log(s) }",
            "fn f(a: T[3]) = log(exp(a[0]) + exp(a[1]) + exp(a[2]));",
            "fn f(a: T, b: T, c: T) = log(exp(a) + exp(b) + exp(c));",
            "fn f(a: T, b: T, c: T) { let m = max(a, max(b, c)); m + log(exp(a - m) + exp(b - m) + exp(c - m)) }",
        ],
    },
    ArrayCase {
        name: "softmax cross entropy of arrays",
        rows: 1,
        targets: true,
        order: 2,
        truth: cross_entropy,
        spellings: &[
            "fn f(a: T[K], t: T[K]) wrt(a) where sum(t) == 1 { -sum(t*log(softmax(a))) }",
            "fn f(a: T[K], t: T[K]) wrt(a) { -sum(t*log(softmax(a))) }",
            "fn f(a: T[K], t: T[K]) wrt(a) where sum(t) == 1 { -sum(t*log(exp(a)/sum(exp(a)))) }",
            "fn f(a: T[K], t: T[K]) wrt(a) where sum(t) == 1 { -sum(t*(a - logsumexp(a))) }",
            "fn f(a: T[K], t: T[K]) wrt(a) where sum(t) == 1 { sum(t*(log(sum(exp(a))) - a)) }",
            "fn f(a: T[3], t: T[3]) wrt(a) where t[0] + t[1] + t[2] == 1 {
                let s = exp(a[0]) + exp(a[1]) + exp(a[2]);
                -(t[0]*log(exp(a[0])/s) + t[1]*log(exp(a[1])/s) + t[2]*log(exp(a[2])/s))
            }",
            "fn f(a: T, b: T, c: T, t: T, u: T, v: T) wrt(a, b, c) where t + u + v == 1 {
                let s = exp(a) + exp(b) + exp(c);
                -(t*log(exp(a)/s) + u*log(exp(b)/s) + v*log(exp(c)/s))
            }",
        ],
    },
    ArrayCase {
        name: "softmax cross entropy of a batch",
        rows: 2,
        targets: true,
        order: 2,
        truth: cross_entropy,
        spellings: &[
            "fn f(a: T[N, K], t: T[N, K]) wrt(a) where sum(t, axis = 1) == 1 { -sum(t*log(softmax(a))) }",
            "fn f(a: T[N, K], t: T[N, K]) wrt(a) where sum(t, axis = 1) == 1 {
                let e[n, k] = exp(a[n, k]);
                let p[n, k] = e[n, k]/sum[j](e[n, j]);
                -sum[n, k](t[n, k]*log(p[n, k]))
            }",
        ],
    },
    ArrayCase {
        name: "sum of softplus",
        rows: 1,
        targets: false,
        order: 2,
        truth: |row| {
            let of = |write: fn(&str) -> String| row.a.each_ref().map(|a| write(a));
            let softplus = of(|a| format!("(max({a}, 0) + log1p(exp(-abs({a}))))"));
            let slopes = of(|a| format!("1/(1 + exp(-{a}))"));
            let curvatures = of(|a| format!("1/((1 + exp(-{a}))*(1 + exp({a})))"));
            let mut all = vec![softplus.join(" + ")];
            all.extend(slopes);
            for (i, curvature) in curvatures.iter().enumerate() {
                all.extend((0..3).map(|j| if i == j { curvature.clone() } else { "0".to_owned() }));
            }
            all
        },
        spellings: &["fn f(a: T[K]) = sum(log(1 + exp(a)));", "fn f(a: T[K]) = -sum(log(sigmoid(-a)));"],
    },
    ArrayCase {
        name: "norm",
        rows: 1,
        targets: false,
        order: 2,
        truth: norm,
        spellings: &[
            "fn f(a: T[K]) = sqrt(sum(a**2));",
            "fn f(a: T[K]) = sum(a**2)**0.5;",
            "fn f(a: T[K]) = sqrt(sum(a*a));",
            "fn f(a: T[K]) = norm(a);",
            "fn f(a: T[K]) { let s = sum[k](a[k]*a[k]); sqrt(s) }",
        ],
    },
    ArrayCase {
        name: "norms of rows",
        rows: 2,
        targets: false,
        order: 2,
        truth: norm,
        spellings: &[
            "fn f(a: T[N, K]) = sum(sqrt(sum(a**2, axis = 1)));",
            "fn f(a: T[N, K]) = sum(norm(a, axis = 1));",
        ],
    },
    ArrayCase {
        name: "norm with 1",
        rows: 1,
        targets: false,
        order: 2,
        truth: |row| {
            let [a, b, c] = &row.a;
            derivatives_of_norm(row, &format!("sqrt({a}**2 + {b}**2 + {c}**2 + 1)"), " + 1")
        },
        spellings: &[
            "fn f(a: T[K]) = sqrt(sum(a**2) + 1);",
            "fn f(a: T[K]) = (1 + sum(a*a))**0.5;",
            "fn f(a: T[K]) { let s = sum[k](a[k]**2) + 1; s/sqrt(s) }",
        ],
    },
    ArrayCase {
        name: "norm beside a number",
        rows: 1,
        targets: true,
        order: 2,
        truth: |row| {
            let [a, b, c] = &row.a;
            let other = format!("{}**2", row.t[0]);
            derivatives_of_norm(row, &format!("sqrt({a}**2 + {b}**2 + {c}**2 + {other})"), &format!(" + {other}"))
        },
        spellings: &["fn f(a: T[3], t: T[3]) wrt(a) = sqrt(sum(a**2) + t[0]**2);"],
    },
    ArrayCase {
        name: "logarithm of a norm with 1",
        rows: 1,
        targets: false,
        order: 2,
        truth: logarithm_of_norm,
        spellings: &[
            "fn f(a: T[K]) = log(sum(a**2) + 1);",
            "fn f(a: T[K]) = log1p(sum(a*a));",
            "fn f(a: T[K]) = 2*log(sqrt(1 + sum(a**2)));",
        ],
    },
    ArrayCase {
        name: "quotient by a norm with 1",
        rows: 1,
        targets: true,
        order: 1,
        truth: quotient_by_norm,
        spellings: &["fn f(a: T[3], t: T[3]) wrt(a) = t[0]/(1 + sum(a**2));"],
    },
    ArrayCase {
        name: "distance",
        rows: 1,
        targets: true,
        order: 1,
        truth: |row| {
            let away: Vec<String> = (0..3).map(|i| format!("({} - {})", row.a[i], row.t[i])).collect();
            let squares: Vec<String> = away.iter().map(|d| format!("{d}**2")).collect();
            let length = format!("sqrt({})", squares.join(" + "));
            let mut all = vec![length.clone()];
            all.extend(away.iter().map(|d| format!("{d}/{length}")));
            all
        },
        spellings: &[
            "fn f(a: T[K], t: T[K]) wrt(a) = sqrt(sum((a - t)**2));",
            "fn f(a: T[K], t: T[K]) wrt(a) = norm(t - a);",
        ],
    },
    ArrayCase {
        name: "weighted log-sum-exp",
        rows: 1,
        targets: true,
        order: 2,
        truth: weighted,
        spellings: &[
            "fn f(a: T[K], t: T[K]) wrt(a) = log(sum(t*exp(a)));",
            "fn f(a: T[K], t: T[K]) wrt(a) = log(sum[k](exp(a[k])*t[k]));",
        ],
    },
];

fn norm(row: &Row3) -> Vec<String> {
    let [a, b, c] = &row.a;
    derivatives_of_norm(row, &format!("sqrt({a}**2 + {b}**2 + {c}**2)"), "")
}

/// `log(1 + Σa²)`, with Σa² + 1 in every derivative.
fn logarithm_of_norm(row: &Row3) -> Vec<String> {
    let [a, b, c] = &row.a;
    let squares = format!("({a}**2 + {b}**2 + {c}**2)");
    let mut all = vec![format!("log1p({squares})")];
    all.extend(row.a.iter().map(|a| format!("2*{a}/(1 + {squares})")));
    for i in 0..3 {
        for j in 0..3 {
            let others: Vec<String> = (0..3).filter(|k| *k != i).map(|k| format!("{}**2", row.a[k])).collect();
            all.push(match i == j {
                true => format!("2*(1 + {} - {}**2)/(1 + {squares})**2", others.join(" + "), row.a[i]),
                false => format!("-4*{}*{}/(1 + {squares})**2", row.a[i], row.a[j]),
            });
        }
    }
    all
}

/// `t₀/(1 + Σa²)`
fn quotient_by_norm(row: &Row3) -> Vec<String> {
    let ([a, b, c], t) = (&row.a, &row.t[0]);
    let below = format!("(1 + {a}**2 + {b}**2 + {c}**2)");
    let mut all = vec![format!("{t}/{below}")];
    all.extend(row.a.iter().map(|a| format!("-2*{t}*{a}/{below}**2")));
    for i in 0..3 {
        for j in 0..3 {
            let others: Vec<String> = (0..3).filter(|k| *k != i).map(|k| format!("{}**2", row.a[k])).collect();
            all.push(match i == j {
                true => format!("-2*{t}*(1 + {} - 3*{}**2)/{below}**3", others.join(" + "), row.a[i]),
                false => format!("8*{t}*{}*{}/{below}**3", row.a[i], row.a[j]),
            });
        }
    }
    all
}

/// The norm, and its derivatives; what is added to the squares stands in the second ones, too.
fn derivatives_of_norm(row: &Row3, length: &str, added: &str) -> Vec<String> {
    let mut all = vec![length.to_owned()];
    all.extend(row.a.iter().map(|a| format!("{a}/{length}")));
    for i in 0..3 {
        for j in 0..3 {
            let others: Vec<String> = (0..3).filter(|k| *k != i).map(|k| format!("{}**2", row.a[k])).collect();
            all.push(match i == j {
                true => format!("({}{added})/{length}**3", others.join(" + ")),
                false => format!("-{}*{}/{length}**3", row.a[i], row.a[j]),
            });
        }
    }
    all
}

/// Exponentials count where their weight is not zero.
fn weighted(row: &Row3) -> Vec<String> {
    let [a, b, c] = &row.a;
    let least = format!("min(min({a}, {b}), {c})");
    let counted: Vec<String> =
        (0..3).map(|i| format!("(if {} == 0 {{ {least} }} else {{ {} }})", row.t[i], row.a[i])).collect();
    let largest = format!("max(max({}, {}), {})", counted[0], counted[1], counted[2]);
    let parts: Vec<String> = (0..3).map(|i| format!("{}*exp({} - {largest})", row.t[i], counted[i])).collect();
    let sum = format!("({})", parts.join(" + "));
    let mut all = vec![format!("{largest} + log({sum})")];
    all.extend(parts.iter().map(|part| format!("{part}/{sum}")));
    for i in 0..3 {
        for j in 0..3 {
            let others: Vec<&str> = (0..3).filter(|k| *k != i).map(|k| parts[k].as_str()).collect();
            all.push(match i == j {
                true => format!("{}*({})/{sum}**2", parts[i], others.join(" + ")),
                false => format!("-{}*{}/{sum}**2", parts[i], parts[j]),
            });
        }
    }
    all
}

fn cross_entropy(row: &Row3) -> Vec<String> {
    let Row3 { a, t, row: n } = row;
    let parts: Vec<String> = (0..3).map(|i| format!("{}*((m{n} - {}) + log1p(r{n}))", t[i], a[i])).collect();
    let mut all = vec![format!("({})", parts.join(" + "))];
    all.extend((0..3).map(|i| format!("{} - {}", row.probability(i), t[i])));
    all.extend(row.curvature());
    all
}

impl Row3 {
    fn of(row: usize) -> Self {
        let name = |letter: char| [0, 1, 2].map(|place| format!("{letter}{}", 3 * row + place));
        Self { a: name('a'), t: name('t'), row }
    }

    /// The largest of the row, and what the others are relative to it.
    fn lets(&self) -> String {
        let [a, b, c] = &self.a;
        let n = self.row;
        format!(
            "let m{n} = max(max({a}, {b}), {c}); let d{n} = max(min({a}, {b}), min(max({a}, {b}), {c})); \
             let r{n} = exp(d{n} - m{n}) + exp(min(min({a}, {b}), {c}) - m{n});\n"
        )
    }

    fn probability(&self, i: usize) -> String {
        format!("exp({} - m{1})/(1 + r{1})", self.a[i], self.row)
    }

    /// pᵢ(1 − pᵢ) and −pᵢpⱼ
    fn curvature(&self) -> Vec<String> {
        let mut all = Vec::new();
        for i in 0..3 {
            for j in 0..3 {
                let others: Vec<String> = (0..3).filter(|k| *k != i).map(|k| self.probability(k)).collect();
                all.push(match i == j {
                    true => format!("{}*({})", self.probability(i), others.join(" + ")),
                    false => format!("-({})*({})", self.probability(i), self.probability(j)),
                });
            }
        }
        all
    }
}

fn resolved(text: &str) -> Function {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0)
}

impl ArrayCase {
    fn count(&self) -> usize {
        3 * self.rows
    }

    /// Value, gradient, Hessian, as formulas of scalars.
    fn truth(&self) -> Truth {
        let rows: Vec<Row3> = (0..self.rows).map(Row3::of).collect();
        let parts: Vec<Vec<String>> = rows.iter().map(|row| (self.truth)(row)).collect();
        let mut results = vec![parts.iter().map(|part| part[0].clone()).collect::<Vec<_>>().join(" + ")];
        results.extend(parts.iter().flat_map(|part| part[1..4].iter().cloned()));
        let square = if self.order == 2 { self.count() } else { 0 };
        for row in 0..square {
            for column in 0..self.count() {
                let inside = parts[row / 3][4..].get(3 * (row % 3) + column % 3).filter(|_| row / 3 == column / 3);
                results.push(inside.cloned().unwrap_or_else(|| "0".to_owned()));
            }
        }
        let names = |letter: char| (0..self.count()).map(move |place| format!("{letter}{place}"));
        let inputs: Vec<String> = names('a').chain(names('t')).collect();
        let outputs: Vec<String> = (0..results.len()).map(|place| format!("out{place}")).collect();
        let mut text = format!("fn f({}) -> ({}) {{\n", inputs.join(", "), outputs.join(", "));
        rows.iter().for_each(|row| text.push_str(&row.lets()));
        let _ = write!(text, "({}) }}", results.join(", "));
        let function = resolved(&text);
        let roots = function.outputs.iter().map(|output| output.value.node).collect();
        Truth { graph: function.graph, roots }
    }

    /// Rows, and the probabilities behind them.
    fn points(&self, float: FloatType) -> Vec<Vec<f64>> {
        let mut sizes: Vec<f64> = vec![
            0.0, 3e-9, 2e-4, 0.01, 0.3, 0.75, 1.0, 1.7, 2.4, 5.5, 12.0, 18.5, 30.0, 37.0, 41.0, 87.0, 103.0, 300.0,
            710.0, 744.0, 800.0, 999.0, 1e4, 1e6,
        ];
        match float {
            FloatType::F64 => sizes.extend([5e-324, 1e-310, 1e-100, 1e-20, 1e20, 1e300]),
            FloatType::F32 => sizes.extend([1e-45, 1e-40, 1e-20, 1e9, 1e30]),
        }
        let round = |value: f64| if float == FloatType::F32 { f64::from(value as f32) } else { value };
        // A generator of Knuth's, good enough to draw from a list.
        let mut state = 42_u64;
        let mut draw = |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % most
        };
        let targets = [[1.0, 0.0, 0.0], [0.0, 0.25, 0.75], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0]];
        let mut points = Vec::new();
        for place in 0..250 {
            let mut point = Vec::new();
            for _ in 0..self.rows {
                let mut signed = || -> f64 { sizes[draw(sizes.len())] * if draw(2) == 0 { 1.0 } else { -1.0 } };
                let (first, second, third) = (signed(), signed(), signed());
                point.extend(match place % 5 {
                    0 => [first, first, second],
                    1 => [first, first - second.abs().min(60.0), first - third.abs().min(90.0)],
                    2 => [second.clamp(-3.0, 3.0), third.clamp(-3.0, 3.0), first.clamp(-50.0, 50.0)],
                    _ => [first, second, third],
                });
            }
            point.iter_mut().for_each(|value| *value = round(*value));
            for _ in 0..self.rows {
                point.extend(targets[draw(targets.len())]);
            }
            points.push(point);
        }
        if self.is_of_squares() {
            points.extend(self.extremes(float));
        }
        points
    }

    /// Whether squares are summed, which overflow and underflow long before their roots do.
    fn is_of_squares(&self) -> bool {
        ["norm", "distance"].iter().any(|word| self.name.contains(word))
    }

    /// Numbers from everywhere in the range of the type, subnormal ones beside others.
    fn extremes(&self, float: FloatType) -> Vec<Vec<f64>> {
        let sizes: &[f64] = match float {
            FloatType::F64 => &[
                5e-324, 1e-320, 1e-310, 1e-308, 1e-300, 1e-200, 1e-160, 1e-100, 1e-20, 3e-3, 0.1, 1.0, 7.0, 1e5, 1e20,
                1e100, 1e160, 1e200, 1e300, 4e307,
            ],
            FloatType::F32 => &[
                1e-45, 1e-43, 1e-40, 1e-38, 1e-36, 1e-30, 1e-20, 1e-10, 3e-3, 0.1, 1.0, 7.0, 1e4, 1e10, 1e20, 1e30,
                1e37, 8e37,
            ],
        };
        let mut state = 7_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut points = Vec::new();
        for _ in 0..EXTREMES {
            let mut point = Vec::new();
            for _ in 0..2 * self.count() {
                let size = sizes[(draw() * sizes.len() as f64) as usize];
                let sign = if draw() < 0.5 { 1.0 } else { -1.0 };
                point.push(if draw() < 0.05 { 0.0 } else { sign * (1.0 + draw()) * size });
            }
            // A number that is divided by lengths is of a usual size.
            if self.name.contains("quotient") {
                point[self.count()..].fill(0.3);
            }
            if float == FloatType::F32 {
                point.iter_mut().for_each(|value| *value = f64::from(*value as f32));
            }
            points.push(point);
        }
        points
    }

    fn program(&self, spelling: &str, float: FloatType) -> Program {
        let function = resolved(&spelling.replace(": T", &format!(": {}", float.name())));
        let mut derived = derive(function, &Request { order: self.order, ..Request::default() }).expect("derives");
        derived.stabilise().expect("room");
        lower(&derived.function.graph, &derived.wanted())
    }

    /// Whether no row is zero.
    fn is_smooth(&self, point: &[f64]) -> bool {
        point[..self.count()].chunks(3).all(|row| row.iter().any(|value| *value != 0.0))
    }

    fn run(&self, program: &Program, point: &[f64]) -> Vec<f64> {
        if program.inputs.iter().all(|input| input.shape.is_empty()) {
            let scalars: Vec<Tensor> =
                point.iter().take(program.inputs.len()).map(|value| Tensor::scalar(*value)).collect();
            let results = evaluate(program, &scalars).expect("the inputs are numbers");
            return results.iter().map(|tensor| tensor.data[0]).collect();
        }
        let shape = if self.rows == 1 { vec![3] } else { vec![self.rows, 3] };
        let tensor = |data: &[f64]| Tensor { shape: shape.clone(), data: data.to_vec() };
        let (a, t) = point.split_at(self.count());
        let inputs: Vec<Tensor> = if self.targets { vec![tensor(a), tensor(t)] } else { vec![tensor(a)] };
        let results = evaluate(program, &inputs).expect("the shapes fit");
        results.iter().flat_map(|tensor| tensor.data.iter().copied()).collect()
    }

    /// The lines of every spelling, and what breaks the bound.
    pub fn measure(&self, float: FloatType) -> (Vec<Row>, Vec<String>) {
        let truth = self.truth();
        let expected: Vec<(Vec<f64>, Truths)> = self
            .points(float)
            .into_iter()
            .filter(|point| !self.name.starts_with("norm") || self.is_smooth(point))
            .map(|point| {
                let truth = truth.with_condition(&point);
                (point, truth)
            })
            .collect();
        let (mut rows, mut broken) = (Vec::new(), Vec::new());
        for spelling in self.spellings {
            let program = self.program(spelling, float);
            let mut worst = vec![vec![None; RANGES.len()]; 3];
            let mut most = 0.0;
            let mut complaint = None;
            for (point, truths) in &expected {
                let found = self.run(&program, point);
                assert_eq!(found.len(), truths.len(), "{spelling}");
                let size = point[..self.count()].iter().fold(0.0_f64, |size, value| size.max(value.abs()));
                let range = RANGES.iter().position(|range| range.holds(size)).unwrap_or(RANGES.len() - 1);
                for (place, (found, (truth, condition))) in found.iter().zip(truths).enumerate() {
                    let order = usize::from(place > 0) + usize::from(place > self.count());
                    // p − t is measured relative to the larger of the two.
                    let relative = order == 1 && self.name.contains("cross entropy");
                    let floor = if relative { point[self.count() + place - 1] } else { 0.0 };
                    let error = truth.ulps(*found, float, floor) / condition.max(1.0);
                    let cell: &mut Option<f64> = &mut worst[order][range];
                    *cell = Some(cell.map_or(error, |other| other.max(error)));
                    if !(error <= BOUND || error <= most) {
                        most = error;
                        complaint = Some(format!(
                            "{} {} `{spelling}` result {place} at {point:?}: {found:e}, true {:e}, {error:.1} with κ = \
                             {condition:.1}",
                            float.name(),
                            self.name,
                            truth.to_f64()
                        ));
                    }
                }
            }
            broken.extend(complaint);
            rows.extend(worst.into_iter().enumerate().take(usize::from(self.order) + 1).map(|(order, worst)| Row {
                float: float.name(),
                function: self.name,
                text: body(spelling),
                order,
                worst,
            }));
        }
        (rows, broken)
    }
}

/// A spelling as the table shows it.
fn body(spelling: &'static str) -> String {
    let text = spelling.split_whitespace().collect::<Vec<_>>().join(" ");
    text.trim_start_matches("fn f").replace(": T[", ": [").replace(": T", "")
}
