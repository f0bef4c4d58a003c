//! `chainrule graph`: the computational graph as a picture or as JSON.

mod json;

use chainrule_compiler::diagnostic::{Code, Diagnostic};
use chainrule_compiler::picture::{Edges, Picture, PictureRequest, Values, chart, picture};
use chainrule_compiler::print::mermaid;

use super::arguments::{Graph, GraphFormat, Show};
use super::failure::{Failure, Report};
use super::formula::function;
use super::json::to_ascii;
use super::point;

/// Runs the command.
pub fn graph(options: &Graph, report: &Report) -> Result<String, Failure> {
    let unwritten = match options.format {
        GraphFormat::Dot => Some("dot"),
        GraphFormat::Svg => Some("svg"),
        GraphFormat::Html => Some("html"),
        GraphFormat::Mermaid | GraphFormat::Json => None,
    };
    if let Some(name) = unwritten {
        return Err(Failure::not_supported(&format!("`--format {name}` is not supported yet")));
    }
    let edges = Edges { forward: options.show != Show::Backward, backward: options.show != Show::Forward };
    let (function, source) = function(&options.subject, report)?;
    let request = PictureRequest {
        wrt: options.subject.wrt.clone(),
        upstream: options.upstream.clone(),
        backward: edges.backward,
        expand: options.expand,
    };
    let mut picture = picture(function, &request).map_err(|error| source.failure(vec![error]))?;
    report.warnings(&without_way_back(&picture, edges), None, "");
    let values = match point::point(&options.at)? {
        Some(point) => {
            Some(values(&picture, &point).map_err(|error| Failure { diagnostics: vec![error], source: None })?)
        }
        None => {
            // Where there are no numbers, formulas are shown.
            let closed = if options.format == GraphFormat::Json { picture.close() } else { picture.close_to_draw() };
            closed.map_err(|error| Failure { diagnostics: vec![error], source: None })?;
            None
        }
    };
    Ok(match options.format {
        GraphFormat::Json => to_ascii(&json::graph(&picture, values.as_ref(), edges)) + "\n",
        _ => mermaid(&chart(&picture, values.as_ref(), edges, options.digits.into())),
    })
}

fn values(picture: &Picture, point: &point::Point) -> Result<Values, Diagnostic> {
    let program = picture.program();
    let inputs = point::inputs(point, &program.inputs)?;
    picture.values(&program, &inputs).map_err(|error| point::fault(&error))
}

/// Arrays from which nothing flows back, because nobody said what.
fn without_way_back(picture: &Picture, edges: Edges) -> Vec<Diagnostic> {
    let outputs = picture.function.outputs.iter().zip(&picture.output_names).zip(&picture.sweeps);
    let silent = outputs.filter(|((output, _), sweep)| edges.backward && sweep.is_none() && !output.axes.is_empty());
    silent
        .map(|((_, name), _)| Diagnostic {
            code: Code::Derivative,
            message: format!("the output `{name}` is an array: nothing flows back from it"),
            spans: Vec::new(),
            help: Some("name its cotangent to see what does: `--upstream g`".into()),
        })
        .collect()
}
