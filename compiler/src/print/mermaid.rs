//! Pictures as Mermaid flowcharts: what flows forward from left to right, and in red what flows back.
//!
//! In: a [`Chart`] of plain nodes and arrows. Out: text that Mermaid 10 and later draws. Every label is quoted and
//! escaped, so names and formulas survive whatever they hold.

/// How a node is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// In a box.
    Input,
    /// Bare.
    Constant,
    /// In a circle.
    Operator,
    /// In a box.
    Output,
}

/// A node of a [`Chart`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// How it is drawn.
    pub role: Role,
    /// What stands in it.
    pub label: String,
}

/// An arrow of a [`Chart`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The place of the node that it leaves.
    pub from: usize,
    /// The place of the node that it enters.
    pub to: usize,
    /// What stands at it; may be empty.
    pub label: String,
    /// Whether it carries a derivative: drawn in red.
    pub backward: bool,
}

/// A graph to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// The nodes, operands before their users.
    pub nodes: Vec<Node>,
    /// The arrows, in the order in which they are written.
    pub arrows: Vec<Arrow>,
}

/// Room between what flows forward and what flows back; with Mermaid's own curves their labels overlap.
const LAYOUT: &str = r#"%%{init: {"flowchart": {"curve": "monotoneX", "nodeSpacing": 60, "rankSpacing": 70}}}%%"#;

/// The text of a chart.
#[must_use]
pub fn mermaid(chart: &Chart) -> String {
    let all_back = !chart.arrows.is_empty() && chart.arrows.iter().all(|arrow| arrow.backward);
    let direction = if all_back { "RL" } else { "LR" };
    let mut out = format!("{LAYOUT}\nflowchart {direction}\n");
    for (place, node) in chart.nodes.iter().enumerate() {
        let label = escaped(&node.label);
        let drawn = match node.role {
            Role::Input | Role::Output => format!("[\"{label}\"]"),
            Role::Constant => format!("[\"{label}\"]:::constant"),
            Role::Operator => format!("((\"{label}\"))"),
        };
        out.push_str(&format!("    n{place}{drawn}\n"));
    }
    let guides = guides(chart);
    for (left, right) in &guides {
        out.push_str(&format!("    n{left} ~~~ n{right}\n"));
    }
    for arrow in &chart.arrows {
        let Arrow { from, to, .. } = arrow;
        out.push_str(&match escaped(&arrow.label) {
            label if label.is_empty() => format!("    n{from} --> n{to}\n"),
            label => format!("    n{from} -- \"{label}\" --> n{to}\n"),
        });
    }
    let places = chart.arrows.iter().enumerate().filter(|(_, arrow)| arrow.backward);
    let red: Vec<String> = places.map(|(place, _)| (guides.len() + place).to_string()).collect();
    if !red.is_empty() {
        out.push_str(&format!("    linkStyle {} stroke:red,stroke-width:2px,color:red\n", red.join(",")));
    }
    if chart.nodes.iter().any(|node| node.role == Role::Constant) {
        out.push_str("    classDef constant fill:none,stroke:none\n");
    }
    out
}

/// Invisible links that keep operands to the left of their users.
///
/// Each pair of arrows there and back is a cycle, and Mermaid's layout (dagre) turns an arrow of a cycle around where a
/// depth-first walk over the links, in the order of the text, comes back to a node that it is still in. So the walk is
/// led through all nodes from left to right; then it is in every operand when it meets a backward arrow.
fn guides(chart: &Chart) -> Vec<(usize, usize)> {
    let mut first = vec![None; chart.nodes.len()];
    for arrow in chart.arrows.iter().filter(|arrow| !arrow.backward) {
        first[arrow.from].get_or_insert(arrow.to);
    }
    let is_two_way = chart.arrows.iter().any(|arrow| arrow.backward) && first.iter().any(Option::is_some);
    let led = |place: &usize| is_two_way && matches!(chart.nodes[*place].role, Role::Input | Role::Operator);
    let path: Vec<usize> = (0..chart.nodes.len()).filter(led).collect();
    let pairs = path.windows(2).map(|pair| (pair[0], pair[1]));
    pairs.filter(|(left, right)| first[*left] != Some(*right)).collect()
}

/// A label between quotes, its lines below each other. Mermaid reads `#name;` as an entity, and Markdown in what is left: no letter that either of
/// them knows remains.
fn escaped(label: &str) -> String {
    let mut out = String::new();
    for c in label.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '_' | '*' | '+' | '-' | '$' | '~' | '{' | '}' | '[' | ']'
            | '(' | ')' | ';' | '|' | '%' => out.push_str(&format!("#{};", u32::from(c))),
            '\n' => out.push_str("<br>"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_data() {
        assert_eq!(escaped("x_1"), "x#95;1");
        assert_eq!(escaped("a \"b\" #c;"), "a #34;b#34; #35;c#59;");
        assert_eq!(escaped("2.2"), "2.2");
    }

    #[test]
    fn backward_arrows_are_red() {
        let node = |role, label: &str| Node { role, label: label.into() };
        let arrow = |from, to, label: &str, backward| Arrow { from, to, label: label.into(), backward };
        let chart = Chart {
            nodes: vec![
                node(Role::Input, "x"),
                node(Role::Input, "z"),
                node(Role::Operator, "×"),
                node(Role::Operator, "×"),
                node(Role::Constant, "2"),
            ],
            arrows: vec![
                arrow(0, 2, "3", false),
                arrow(1, 2, "4", false),
                arrow(2, 3, "12", false),
                arrow(4, 3, "", false),
                arrow(3, 2, "2", true),
            ],
        };
        let expected =
            "%%{init: {\"flowchart\": {\"curve\": \"monotoneX\", \"nodeSpacing\": 60, \"rankSpacing\": 70}}}%%
flowchart LR
    n0[\"x\"]
    n1[\"z\"]
    n2((\"×\"))
    n3((\"×\"))
    n4[\"2\"]:::constant
    n0 ~~~ n1
    n0 -- \"3\" --> n2
    n1 -- \"4\" --> n2
    n2 -- \"12\" --> n3
    n4 --> n3
    n3 -- \"2\" --> n2
    linkStyle 5 stroke:red,stroke-width:2px,color:red
    classDef constant fill:none,stroke:none
";
        assert_eq!(mermaid(&chart), expected);
    }
}
