//! Where cargo put the libraries that emitted code needs for what `std` lacks, for programs that tests compile by
//! themselves.

use std::path::{Path, PathBuf};

/// Arguments of `rustc` that let a program use the libraries of special functions that this test was built with.
pub fn special_functions() -> Result<Vec<String>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = program.parent().ok_or("the test is in no folder")?;
    let mut arguments = vec!["-L".to_owned(), format!("dependency={}", folder.display())];
    for name in ["libm", "chainrule_special"] {
        arguments.extend(["--extern".to_owned(), format!("{name}={}", newest(folder, name)?.display())]);
    }
    Ok(arguments)
}

/// Of several builds of a library the last.
fn newest(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let is_built = |path: &PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.starts_with(&format!("lib{name}-")) && file.ends_with(".rlib")
    };
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let built = |path: &PathBuf| path.metadata().and_then(|about| about.modified()).ok();
    let found = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_built).max_by_key(built);
    found.ok_or_else(|| format!("there is no `{name}` in {}", folder.display()))
}
