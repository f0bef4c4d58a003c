use super::arguments::Graph;
use super::failure::{Failure, Report};
pub fn graph(_options: &Graph, _report: &Report) -> Result<String, Failure> {
    Err(Failure::not_supported("later"))
}
