//! Images and labels from gzip-ed IDX files, the format of the MNIST database.
//!
//! In: a folder with `NAME-images-idx3-ubyte.gz` and `NAME-labels-idx1-ubyte.gz`. Out: a [`Digits`] with as many labels, from
//! 0 to 9, as images. A file that is missing, cut, or of another kind is an error that names it and says what is wrong.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

/// Pixels of an image, 28 rows of 28.
pub const PIXELS: usize = 28 * 28;
/// How many digits there are.
pub const CLASSES: usize = 10;

/// Images of digits, and which digit each shows.
#[derive(Clone, Debug, Default)]
pub struct Digits {
    /// Brightnesses from 0 to 1, 784 an image, row by row.
    pub images: Vec<f32>,
    /// From 0 to 9.
    pub labels: Vec<u8>,
}

impl Digits {
    /// Reads the two files of a name, such as `train`, in a folder.
    pub fn read(folder: &Path, name: &str) -> Result<Self, IdxError> {
        let path = folder.join(format!("{name}-images-idx3-ubyte.gz"));
        let (sizes, pixels) = read(&path, 3)?;
        if sizes[1..] != [28, 28] {
            return Err(IdxError::new(&path, format!("its images are {} × {}, not 28 × 28", sizes[1], sizes[2])));
        }
        let images = pixels.iter().map(|pixel| f32::from(*pixel) / 255.0).collect();
        let path = folder.join(format!("{name}-labels-idx1-ubyte.gz"));
        let (count, labels) = read(&path, 1)?;
        if count[0] != sizes[0] {
            return Err(IdxError::new(&path, format!("it has {} labels for {} images", count[0], sizes[0])));
        }
        if let Some(label) = labels.iter().find(|label| usize::from(**label) >= CLASSES) {
            return Err(IdxError::new(&path, format!("a label is {label}, which is no digit")));
        }
        Ok(Self { images, labels })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The first images, and the others.
    pub fn split(mut self, count: usize) -> (Self, Self) {
        let count = count.min(self.len());
        let rest = Self { images: self.images.split_off(count * PIXELS), labels: self.labels.split_off(count) };
        (self, rest)
    }
}

/// The sizes and the bytes of a file of so many dimensions.
fn read(path: &Path, dimensions: usize) -> Result<(Vec<usize>, Vec<u8>), IdxError> {
    let fault = |message: String| IdxError::new(path, message);
    let file = File::open(path).map_err(|error| fault(format!("it cannot be opened: {error}")))?;
    let mut bytes = Vec::new();
    let read = GzDecoder::new(file).read_to_end(&mut bytes);
    read.map_err(|error| fault(format!("it is no gzip file, or it is cut: {error}")))?;
    parse(&bytes, dimensions).map_err(fault)
}

/// Two zeros, the code of unsigned bytes, the number of dimensions; then the sizes, the high byte first; then the data.
fn parse(bytes: &[u8], dimensions: usize) -> Result<(Vec<usize>, Vec<u8>), String> {
    let Some((magic, rest)) = bytes.split_at_checked(4) else { return Err("it is shorter than its header".into()) };
    if magic != [0, 0, 8, dimensions as u8] {
        return Err(format!(
            "it does not start as an IDX file of bytes in {dimensions} dimensions does, but with {magic:?}"
        ));
    }
    let Some((sizes, data)) = rest.split_at_checked(4 * dimensions) else {
        return Err("it is shorter than its header".into());
    };
    let size = |bytes: &[u8]| bytes.iter().fold(0_usize, |size, byte| size << 8 | usize::from(*byte));
    let sizes: Vec<usize> = sizes.chunks(4).map(size).collect();
    let expected = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    if expected != Some(data.len()) {
        return Err(format!("its header states the sizes {sizes:?}, but {} bytes follow", data.len()));
    }
    Ok((sizes, data.to_vec()))
}

/// A file that cannot be read as what it should be.
#[derive(Debug)]
pub struct IdxError {
    path: PathBuf,
    message: String,
}

impl IdxError {
    fn new(path: &Path, message: String) -> Self {
        Self { path: path.into(), message }
    }
}

impl Display for IdxError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.message)
    }
}

impl Error for IdxError {}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_says_what_is_wrong_with_it() {
        let header = [0, 0, 8, 1, 0, 0, 0, 3];
        assert_eq!(parse(&[&header[..], &[7, 8, 9]].concat(), 1), Ok((vec![3], vec![7, 8, 9])));
        let cut = parse(&[&header[..], &[7, 8]].concat(), 1).unwrap_err();
        assert_eq!(cut, "its header states the sizes [3], but 2 bytes follow");
        assert_eq!(parse(&header[..6], 1).unwrap_err(), "it is shorter than its header");
        assert!(parse(&header, 3).unwrap_err().contains("[0, 0, 8, 1]"));
        let huge = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(parse(&huge, 3).unwrap_err().contains("0 bytes follow"));
    }

    #[test]
    fn a_missing_or_cut_file_is_named() {
        let missing = Digits::read(Path::new("no/such/folder"), "train").unwrap_err().to_string();
        assert!(missing.contains("train-images-idx3-ubyte.gz") && missing.contains("cannot be opened"), "{missing}");
        let folder = std::env::temp_dir().join(format!("chainrule-idx-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let whole = fs::read(crate::data().join("t10k-images-idx3-ubyte.gz")).unwrap();
        fs::write(folder.join("t10k-images-idx3-ubyte.gz"), &whole[..whole.len() / 2]).unwrap();
        let cut = Digits::read(&folder, "t10k").unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert!(cut.contains("it is cut"), "{cut}");
    }

    #[test]
    fn the_data_is_there() {
        let (train, test) =
            (Digits::read(&crate::data(), "train").unwrap(), Digits::read(&crate::data(), "t10k").unwrap());
        assert_eq!((train.len(), test.len()), (8000, 2000));
        assert!(train.images.iter().all(|brightness| (0.0..=1.0).contains(brightness)));
        assert!((0..10).all(|digit| test.labels.iter().filter(|label| **label == digit).count() > 150));
    }
}
