//! Where cargo put `libm`, for programs that tests compile by themselves: emitted code needs it for what `std` lacks.

use std::path::PathBuf;

/// The library of special functions that this test was built with; of several builds the last.
pub fn libm() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = program.parent().ok_or("the test is in no folder")?;
    let is_libm = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("liblibm-") && name.ends_with(".rlib")
    };
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let built = |path: &PathBuf| path.metadata().and_then(|about| about.modified()).ok();
    let found = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_libm).max_by_key(built);
    found.ok_or_else(|| format!("there is no libm in {}", folder.display()))
}
