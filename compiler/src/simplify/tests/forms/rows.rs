//! The rows: definitions as a textbook writes them, and their derivatives as one writes them on paper.

use super::Row;

macro_rules! rows {
    ($($name:literal: $kind:ident $text:literal => [$(($form:literal, $operations:literal)),* $(,)?];)*) => {
        pub(super) const ROWS: &[Row] = &[$(Row {
            name: $name,
            text: $text,
            order: rows!(@order $kind),
            upstream: rows!(@upstream $kind),
            forms: &[$(($form, $operations)),*],
        }),*];
    };
    (@order second) => { 2 };
    (@order $other:ident) => { 1 };
    (@upstream pullback) => { true };
    (@upstream $other:ident) => { false };
}

rows! {
    "addition": first "fn f(x, y) = x + y;" => [("1", 0), ("1", 0)];
    "purchase": first "fn f(walnut, count, tax) = walnut * count * tax;" =>
        [("count*tax", 1), ("walnut*tax", 1), ("walnut*count", 1)];
    "two purchases": first
        "fn f(walnut, w_count, pistachio, p_count, tax) = (walnut * w_count + pistachio * p_count) * tax;" =>
        [("tax*w_count", 1), ("tax*walnut", 1), ("tax*p_count", 1), ("tax*pistachio", 1),
         ("walnut*w_count + pistachio*p_count", 3)];
    "square of a sum": first "fn f(x, y) = (x + y)**2;" => [("2*(x + y)", 2), ("2*(x + y)", 2)];
    "reciprocal": first "fn f(x) = 1/x;" => [("-y**2", 2)];
    "exponential": first "fn f(x) = exp(x);" => [("y", 0)];
    "bell curve": first "fn f(x) = exp(-x**2/2);" => [("-x*y", 2)];
    "sigmoid": second "fn f(x) = 1/(1 + exp(-x));" => [("y*(1 - y)", 2), ("y*(1 - y)*(1 - 2*y)", 5)];
    "sigmoid, the other way": first "fn f(x) = exp(x)/(1 + exp(x));" => [("y*(1 - y)", 2)];
    "hyperbolic tangent, in exponentials": first "fn f(x) = (exp(x) - exp(-x))/(exp(x) + exp(-x));" => [("1 - y**2", 2)];
    "hyperbolic tangent, by a sigmoid": first "fn f(x) = 2/(1 + exp(-2*x)) - 1;" => [("1 - y**2", 2)];
    "hyperbolic tangent": second "fn f(x) = tanh(x);" => [("1 - y**2", 2), ("-2*y*(1 - y**2)", 5)];
    "square root": first "fn f(x) = sqrt(x);" => [("1/(2*y)", 2)];
    "softplus": second "fn f(x) = log(1 + exp(x));" => [("sigmoid(x)", 1), ("sigmoid(x)*(1 - sigmoid(x))", 3)];
    "SiLU": first "fn f(x) = x/(1 + exp(-x));" => [("sigmoid(x) + y*(1 - sigmoid(x))", 4)];
    "ReLU": first "fn f(x) = if x > 0 { x } else { 0 };" => [("if x > 0 { 1 } else { 0 }", 2)];
    "logistic loss": first
        "fn f(x, t) wrt(x) { let s = 1/(1 + exp(-x)); -(t*log(s) + (1 - t)*log(1 - s)) }" => [("s - t", 5)];
    "Poisson loss": first "fn f(x, t) wrt(x) = exp(x) - t*x;" => [("exp(x) - t", 2)];
    "squared error": first "fn f(x, t) wrt(x) = (x - t)**2/2;" => [("x - t", 1)];
    "three classes": first
        "fn f(a, b, c, t1, t2, t3) wrt(a, b, c) where t1 + t2 + t3 == 1 { let s = exp(a) + exp(b) + exp(c); \
         -(t1*log(exp(a)/s) + t2*log(exp(b)/s) + t3*log(exp(c)/s)) }" =>
        [("exp(a)/s - t1", 7), ("exp(b)/s - t2", 7), ("exp(c)/s - t3", 7)];
    "softmax cross entropy": first
        "fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 = -sum(t*log(exp(a)/sum(exp(a))));" => [("softmax(a) - t", 2)];
    "softmax cross entropy, any weights": first
        "fn f(a: [K], t: [K]) wrt(a) = -sum(t*log(exp(a)/sum(exp(a))));" => [("softmax(a)*sum(t) - t", 4)];
    "softmax cross entropy of a batch": first
        "fn f(a: [N, K], t: [N, K]) wrt(a) where sum(t, axis = 1) == 1 = -sum(t*log(softmax(a)))/N;" =>
        [("(softmax(a) - t)/N", 3)];
    "softmax cross entropy of a batch, in indices": first
        "fn f(a: [N, K], t: [N, K]) wrt(a) where sum(t, axis = 1) == 1 { let e[n, k] = exp(a[n, k]); \
         let s[n] = sum[k](e[n, k]); let l[n] = sum[k](t[n, k]*log(e[n, k]/s[n])); -sum(l)/N }" =>
        [("(softmax(a) - t)/N", 5)];
    "log-sum-exp": first "fn f(a: [K]) = log(sum(exp(a)));" => [("softmax(a)", 1)];
    "weighted log-sum-exp": first "fn f(x: [K], w: [K]) wrt(x) { let s = sum(w*exp(x)); log(s) }" => [("w*exp(x)/s", 4)];
    "log-sum-exp, shifted": first "fn f(a: [K]) { let m = max(a); m + log(sum(exp(a - m))) }" => [("softmax(a)", 1)];
    "softmax": pullback "fn f(a: [K]) = softmax(a);" => [("y*(g - sum(g*y))", 4)];
    "softmax of rows": pullback "fn f(a: [N, K]) = softmax(a);" => [("y*(g - sum(g*y, axis = 1, keep = true))", 4)];
    "affine layer": pullback "fn f(x: [N, D], w: [D, H], b: [H]) = x @ w + b;" =>
        [("g @ w.T", 1), ("x.T @ g", 1), ("sum(g, axis = 0)", 1)];
    "norm": first "fn f(x: [D]) = sqrt(sum(x**2));" => [("x/y", 1)];
    "least squares": second "fn f(x: [N, D], w: [D], t: [N]) wrt(w) = sum((x @ w - t)**2)/2;" =>
        [("x.T @ (x @ w - t)", 3), ("x.T @ x", 1)];
    "quadratic form": second "fn f(x: [D], a: [D, D]) wrt(x) = sum(x * (a @ x));" => [("(a + a.T) @ x", 2), ("a + a.T", 1)];
    "logistic regression": first "fn f(x: [N, D], w: [D], t: [N]) wrt(w) = sum(log(1 + exp(-t * (x @ w))));" =>
        [("-x.T @ (t*sigmoid(-t*(x @ w)))", 7)];

    "softsign": first "fn f(x) = x/(1 + abs(x));" => [("1/(1 + abs(x))**2", 4)];
    "log-cosh": second "fn f(x) = log((exp(x) + exp(-x))/2);" => [("tanh(x)", 1), ("1 - tanh(x)**2", 3)];
    "ELU": first "fn f(x, alpha) wrt(x) = if x > 0 { x } else { alpha*(exp(x) - 1) };" =>
        [("if x > 0 { 1 } else { alpha*exp(x) }", 4)];
    "x to the power of itself": first "fn f(x) where x > 0 = x**x;" => [("y*(1 + log(x))", 3)];
    "Gompertz growth": first "fn f(x, a, b, c) wrt(a, b) = a*exp(-b*exp(-c*x));" =>
        [("exp(-b*exp(-c*x))", 6), ("-y*exp(-c*x)", 5)];
    "Bernoulli, canonical link": first "fn f(x, t) wrt(x) = log(1 + exp(x)) - t*x;" => [("sigmoid(x) - t", 2)];
    "Gamma, log link": first "fn f(x, t) wrt(x) = t*exp(-x) + x;" => [("1 - t*exp(-x)", 4)];
    "inverse Gaussian": first "fn f(x, t) wrt(x) = (t - x)**2/(2*x**2*t);" => [("(x - t)/x**3", 3)];
    "negative binomial, log link": first
        "fn f(x, t, r) wrt(x) { let mu = exp(x); -(t*log(mu/(mu + r)) + r*log(r/(mu + r))) }" => [("r*(mu - t)/(mu + r)", 5)];
    "label smoothing": first
        "fn f(a: [K], t: [K], eps) wrt(a) where sum(t) == 1 { let q = (1 - eps)*t + eps/K; -sum(q*log(softmax(a))) }" =>
        [("softmax(a) - q", 6)];
    "softmax with temperature": first
        "fn f(a: [K], t: [K], tau) wrt(a) where sum(t) == 1 = -sum(t*log(softmax(a/tau)));" => [("(softmax(a/tau) - t)/tau", 4)];
    "Kullback-Leibler divergence": first
        "fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 = sum(t*(log(t) - log(softmax(a))));" => [("softmax(a) - t", 2)];
    "attention scores": pullback "fn f(q: [N, D], k: [M, D]) = softmax(q @ k.T / sqrt(D));" =>
        [("(y*(g - sum(g*y, axis = 1, keep = true))/sqrt(D)) @ k", 7),
         ("(y*(g - sum(g*y, axis = 1, keep = true))/sqrt(D)).T @ q", 7)];
    "RMS norm": pullback "fn f(x: [K]) { let r = sqrt(sum(x**2)/K + 0.00001); x/r }" => [("(g - y*sum(g*y)/K)/r", 12)];
    "layer norm": pullback
        "fn f(x: [K]) { let m = sum(x)/K; let v = sum((x - m)**2)/K; let s = sqrt(v + 0.00001); (x - m)/s }" =>
        [("(g - sum(g)/K - y*sum(g*y)/K)/s", 17)];
    "Student's t": first "fn f(x, nu) wrt(x) = (nu + 1)/2*log(1 + x**2/nu);" => [("(nu + 1)*x/(nu + x**2)", 5)];
    "normal density": first "fn f(x, mu, s) = exp(-(x - mu)**2/(2*s**2))/(s*sqrt(2*pi));" =>
        [("y*(mu - x)/s**2", 4), ("y*(x - mu)/s**2", 4), ("y*((x - mu)**2 - s**2)/s**3", 7)];
    "logit": first "fn f(p) = log(p/(1 - p));" => [("1/(p*(1 - p))", 3)];
    "quadratic form of a symmetric matrix": first
        "fn f(x: [D], a: [D, D]) wrt(x) where a == a.T = sum(x * (a @ x))/2;" => [("a @ x", 1)];

    "square root, twice": second "fn f(x) = sqrt(x);" => [("1/(2*y)", 2), ("-(1/(2*y))**2/y", 5)];
    "logistic loss, twice": second
        "fn f(x, t) wrt(x) { let s = 1/(1 + exp(-x)); -(t*log(s) + (1 - t)*log(1 - s)) }" => [("s - t", 5), ("s*(1 - s)", 6)];
    "SiLU, twice": second "fn f(x) = x/(1 + exp(-x));" =>
        [("sigmoid(x) + y*(1 - sigmoid(x))", 4), ("(1 - sigmoid(x))*(2*(sigmoid(x) + y*(1 - sigmoid(x))) - y)", 8)];
    "length of a pair, twice": second "fn f(x, y) = sqrt(x**2 + y**2);" =>
        [("x/y1", 1), ("y/y1", 1), ("(y/y1)**2/y1", 3), ("-x*y/y1**3", 5), ("-x*y/y1**3", 5), ("(x/y1)**2/y1", 3)];
    "square root, as a power": first "fn f(x) = x**0.5;" => [("1/(2*y)", 2)];
    "cube root": second "fn f(x) = x**(1/3);" => [("1/(3*y**2)", 3), ("-2*(1/(3*y**2))/(3*x)", 7)];
    "length of a pair, as a power": first "fn f(x, y) = (x**2 + y**2)**0.5;" => [("x/y1", 1), ("y/y1", 1)];
    "sigmoid, pulled back": pullback "fn f(x) = 1/(1 + exp(-x));" => [("g*y*(1 - y)", 3)];
    "ReLU, pulled back": pullback "fn f(x) = if x > 0 { x } else { 0 };" => [("if x > 0 { g } else { 0 }", 2)];
    "length of a pair, pulled back": pullback "fn f(x, y) = sqrt(x**2 + y**2);" => [("g*x/y1", 2), ("g*y/y1", 2)];
    "cross entropy, pulled back": pullback
        "fn f(x, t) wrt(x) { let s = 1/(1 + exp(-x)); -(t*log(s) + (1 - t)*log(1 - s)) }" => [("g*(s - t)", 6)];
    "three classes, pulled back": pullback
        "fn f(a, b, c, t1, t2, t3) wrt(a, b, c) where t1 + t2 + t3 == 1 { let s = exp(a) + exp(b) + exp(c); \
         -(t1*log(exp(a)/s) + t2*log(exp(b)/s) + t3*log(exp(c)/s)) }" =>
        [("g*(exp(a)/s - t1)", 8), ("g*(exp(b)/s - t2)", 8), ("g*(exp(c)/s - t3)", 8)];
    "softmax cross entropy of a batch, pulled back": pullback
        "fn f(a: [N, K], t: [N, K]) wrt(a) where sum(t, axis = 1) == 1 = -sum(t*log(softmax(a)))/N;" =>
        [("g/N*(softmax(a) - t)", 4)];
    "norm, pulled back": pullback "fn f(x: [D]) = sqrt(sum(x**2));" => [("g*x/y", 2)];
    "least squares, pulled back": pullback "fn f(x: [N, D], w: [D], t: [N]) wrt(w) = sum((x @ w - t)**2)/2;" =>
        [("g*(x.T @ (x @ w - t))", 5)];
    "batch norm, pulled back": pullback
        "fn f(x: [N, D], gamma: [D], beta: [D]) { let mu = sum(x, axis = 0)/N; let xc = x - mu; \
         let s = sqrt(sum(xc**2, axis = 0)/N + 0.0000001); let xh = xc/s; gamma*xh + beta }" =>
        [("gamma*(N*g - sum(g, axis = 0) - xh*sum(g*xh, axis = 0))/(s*N)", 19), ("sum(g*xh, axis = 0)", 11),
         ("sum(g, axis = 0)", 1)];
    "cell state of an LSTM, pulled back": pullback
        "fn f(c, f, i, g1, o) wrt(c) { let fc = sigmoid(f); let n = fc*c + sigmoid(i)*tanh(g1); sigmoid(o)*tanh(n) }" =>
        [("g*sigmoid(o)*(1 - tanh(n)**2)*fc", 19)];
    "step of an LSTM, pulled back": pullback
        "fn f(c: [H], f: [H], i: [H], g1: [H], o: [H]) { let fc = sigmoid(f); let n = fc*c + sigmoid(i)*tanh(g1); \
         sigmoid(o)*tanh(n) }" =>
        [("g*sigmoid(o)*(1 - tanh(n)**2)*fc", 19), ("g*sigmoid(o)*(1 - tanh(n)**2)*fc*c*(1 - fc)", 21),
         ("g*sigmoid(o)*(1 - tanh(n)**2)*tanh(g1)*sigmoid(i)*(1 - sigmoid(i))", 23),
         ("g*sigmoid(o)*(1 - tanh(n)**2)*sigmoid(i)*(1 - tanh(g1)**2)", 23), ("g*y*(1 - sigmoid(o))", 4)];
    "attention, pulled back": pullback
        "fn f(q: [N, D], k: [M, D], v: [M, E]) { let p = softmax(q @ k.T / sqrt(D)); p @ v }" =>
        [("(p*(g @ v.T - sum(p*(g @ v.T), axis = 1, keep = true))) @ k/sqrt(D)", 15),
         ("(p*(g @ v.T - sum(p*(g @ v.T), axis = 1, keep = true))).T @ q/sqrt(D)", 15), ("p.T @ g", 9)];
    "three classes, twice": second
        "fn f(a, b, c, t1, t2, t3) wrt(a, b, c) where t1 + t2 + t3 == 1 { let s = exp(a) + exp(b) + exp(c); \
         -(t1*log(exp(a)/s) + t2*log(exp(b)/s) + t3*log(exp(c)/s)) }" =>
        [("exp(a)/s - t1", 7), ("exp(b)/s - t2", 7), ("exp(c)/s - t3", 7),
         ("exp(a)/s*(1 - exp(a)/s)", 8), ("-exp(a)/s*exp(b)/s", 9), ("-exp(a)/s*exp(c)/s", 9),
         ("-exp(a)/s*exp(b)/s", 9), ("exp(b)/s*(1 - exp(b)/s)", 8), ("-exp(b)/s*exp(c)/s", 9),
         ("-exp(a)/s*exp(c)/s", 9), ("-exp(b)/s*exp(c)/s", 9), ("exp(c)/s*(1 - exp(c)/s)", 8)];
    "three classes of a vector, twice": second
        "fn f(a: [3], t: [3]) wrt(a) where t[0] + t[1] + t[2] == 1 { let s = exp(a[0]) + exp(a[1]) + exp(a[2]); \
         -(t[0]*log(exp(a[0])/s) + t[1]*log(exp(a[1])/s) + t[2]*log(exp(a[2])/s)) }" =>
        [("[exp(a[0])/s - t[0], exp(a[1])/s - t[1], exp(a[2])/s - t[2]]", 13),
         ("[[exp(a[0])/s*(1 - exp(a[0])/s), -exp(a[0])/s*(exp(a[1])/s), -exp(a[0])/s*(exp(a[2])/s)], \
           [-exp(a[1])/s*(exp(a[0])/s), exp(a[1])/s*(1 - exp(a[1])/s), -exp(a[1])/s*(exp(a[2])/s)], \
           [-exp(a[2])/s*(exp(a[0])/s), -exp(a[2])/s*(exp(a[1])/s), exp(a[2])/s*(1 - exp(a[2])/s)]]", 20)];
    "log-sum-exp of three entries, twice": second
        "fn f(a: [3]) { let s = exp(a[0]) + exp(a[1]) + exp(a[2]); log(s) }" =>
        [("[exp(a[0])/s, exp(a[1])/s, exp(a[2])/s]", 8),
         ("[[exp(a[0])/s*(1 - exp(a[0])/s), -exp(a[0])/s*(exp(a[1])/s), -exp(a[0])/s*(exp(a[2])/s)], \
           [-exp(a[1])/s*(exp(a[0])/s), exp(a[1])/s*(1 - exp(a[1])/s), -exp(a[1])/s*(exp(a[2])/s)], \
           [-exp(a[2])/s*(exp(a[0])/s), -exp(a[2])/s*(exp(a[1])/s), exp(a[2])/s*(1 - exp(a[2])/s)]]", 20)];
    "softmax cross entropy, twice": second
        "fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 = -sum(t*log(softmax(a)));" =>
        [("softmax(a) - t", 2),
         ("let p = softmax(a); let h[i, j] = p[i]*((if i == j { 1 } else { 0 }) - p[j]); h", 5)];
    "softmax cross entropy in exponentials, twice": second
        "fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 = -sum(t*log(exp(a)/sum(exp(a))));" =>
        [("softmax(a) - t", 2),
         ("let p = softmax(a); let h[i, j] = p[i]*((if i == j { 1 } else { 0 }) - p[j]); h", 5)];
    "softmax cross entropy, any weights, twice": second
        "fn f(a: [K], t: [K]) = -sum(t*log(softmax(a)));" =>
        [("sum(t)*softmax(a) - t", 4), ("-log(softmax(a))", 10),
         ("let p = softmax(a); let h[i, j] = sum(t)*p[i]*((if i == j { 1 } else { 0 }) - p[j]); h", 7),
         ("let p = softmax(a); let d = eye(K); let h[i, j] = p[i] - d[i, j]; h", 4),
         ("let p = softmax(a); let d = eye(K); let h[i, j] = p[j] - d[i, j]; h", 4),
         ("0*eye(K)", 0)];
    "softmax cross entropy by both, twice": second
        "fn f(a: [K], t: [K]) where sum(t) == 1 = -sum(t*log(softmax(a)));" =>
        [("softmax(a) - t", 2), ("-log(softmax(a))", 10),
         ("let p = softmax(a); let h[i, j] = p[i]*((if i == j { 1 } else { 0 }) - p[j]); h", 5),
         ("let p = softmax(a); let d = eye(K); let h[i, j] = p[i] - d[i, j]; h", 4),
         ("let p = softmax(a); let d = eye(K); let h[i, j] = p[j] - d[i, j]; h", 4),
         ("0*eye(K)", 0)];
    "softmax cross entropy of a batch, twice": second
        "fn f(a: [N, K], t: [N, K]) wrt(a) where sum(t, axis = 1) == 1 = -sum(t*log(softmax(a)))/N;" =>
        [("(softmax(a) - t)/N", 3),
         ("let p = softmax(a); let h[n, i, m, j] = if n == m { p[n, i]*((if i == j { 1 } else { 0 }) - p[m, j])/N } else { 0 }; h", 8)];
    "log-sum-exp, twice": second "fn f(a: [K]) = log(sum(exp(a)));" =>
        [("softmax(a)", 1),
         ("let p = softmax(a); let h[i, j] = p[i]*((if i == j { 1 } else { 0 }) - p[j]); h", 5)];
    "log-sum-exp, shifted, twice": second "fn f(a: [K]) { let m = max(a); m + log(sum(exp(a - m))) }" =>
        [("softmax(a)", 1),
         ("let p = softmax(a); let h[i, j] = p[i]*((if i == j { 1 } else { 0 }) - p[j]); h", 5)];
    "log-sum-exp of the prelude, twice": second "fn f(a: [K]) = logsumexp(a);" =>
        [("softmax(a)", 1),
         ("let p = softmax(a); let h[i, j] = p[i]*((if i == j { 1 } else { 0 }) - p[j]); h", 5)];
    "norm, twice": second "fn f(x: [D]) = sqrt(sum(x**2));" =>
        [("x/y", 1), ("(eye(D) - outer(x/y, x/y))/y", 5)];
    "softmax regression": second
        "fn f(x: [N, D], w: [D, K], t: [N, K]) wrt(w) where sum(t, axis = 1) == 1 = -sum(t*log(softmax(x @ w)));" =>
        [("x.T @ (softmax(x @ w) - t)", 4),
         ("let p = softmax(x @ w); let h[d, i, e, j] = sum[n](x[n, d]*x[n, e]*p[n, i]*((if i == j { 1 } else { 0 }) - p[n, j])); h", 10)];
    "logistic regression, twice": second
        "fn f(x: [N, D], w: [D], t: [N]) wrt(w) = sum(log(1 + exp(-t * (x @ w))));" =>
        [("-x.T @ (t*sigmoid(-t*(x @ w)))", 7),
         ("let s = sigmoid(-t*(x @ w)); let v = s*(1 - s)*t**2; let h[i, j] = sum[n](x[n, i]*v[n]*x[n, j]); h", 11)];
    "logistic regression, cross entropy, twice": second
        "fn f(x: [N, D], w: [D], t: [N]) wrt(w) { let s = 1/(1 + exp(-(x @ w))); -sum(t*log(s) + (1 - t)*log(1 - s)) }" =>
        [("x.T @ (s - t)", 7),
         ("let h[i, j] = sum[n](x[n, i]*s[n]*(1 - s[n])*x[n, j]); h", 10)];
}
