//! Pictures of a training: how it learned, what it takes for what, and what it reads wrong.
//!
//! In: numbers. Out: SVG files; the viewer's fonts draw their text.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::idx::{CLASSES, Digits};
use crate::training::Epoch;

type Outcome = Result<(), Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const INK: RGBColor = RGBColor(40, 40, 40);
const TRAINING: RGBColor = RGBColor(31, 119, 180);
const VALIDATION: RGBColor = RGBColor(214, 39, 40);

/// The part of the images that are read right after every epoch: `learning.svg`.
pub fn learning(path: &Path, curve: &[Epoch]) -> Outcome {
    let area = SVGBackend::new(path, (720, 440)).into_drawing_area();
    area.fill(&WHITE)?;
    let values = curve.iter().flat_map(|epoch| [epoch.training, epoch.validation]);
    let least = values.fold(0.95, f64::min);
    let bottom = (least * 10.0).floor() / 10.0;
    let last = curve.len().max(2);
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .caption("Images read right", ("sans-serif", 20))
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(1.0..last as f64, bottom..1.0)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .x_labels(last.min(10))
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .y_label_formatter(&|part| format!("{:.0} %", 100.0 * part))
        .label_style(("sans-serif", 14))
        .light_line_style(TRANSPARENT)
        .draw()?;
    type Part = fn(&Epoch) -> f64;
    let series: [(&str, RGBColor, Part); 2] = [
        ("training, moved images", TRAINING, |epoch| epoch.training),
        ("validation", VALIDATION, |epoch| epoch.validation),
    ];
    for (name, colour, part) in series {
        let points: Vec<(f64, f64)> = (1..).zip(curve).map(|(at, epoch)| (f64::from(at), part(epoch))).collect();
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font(("sans-serif", 14))
        .background_style(WHITE)
        .border_style(INK)
        .draw()?;
    area.present()?;
    Ok(())
}

/// What each digit is taken for: `confusion.svg`. Shades are by the part of a row, so that rare mistakes are seen.
pub fn confusion(path: &Path, read: &[u8], labels: &[u8]) -> Outcome {
    const CELL: i32 = 44;
    const LEFT: i32 = 72;
    const TOP: i32 = 92;
    let mut counts = [[0_u32; CLASSES]; CLASSES];
    for (read, label) in read.iter().zip(labels) {
        counts[usize::from(*label)][usize::from(*read)] += 1;
    }
    let side = CELL * CLASSES as i32;
    let area = SVGBackend::new(path, ((LEFT + side + 24) as u32, (TOP + side + 24) as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    text(&area, "What each digit is read as", (LEFT + side / 2, 26), 20)?;
    text(&area, "read as", (LEFT + side / 2, 54), 14)?;
    text(&area, "digit", (24, TOP + side / 2), 14)?;
    for (row, counts) in (0..).zip(&counts) {
        text(&area, &row.to_string(), (LEFT - 18, TOP + CELL * row + CELL / 2), 16)?;
        text(&area, &row.to_string(), (LEFT + CELL * row + CELL / 2, TOP - 16), 16)?;
        let total = counts.iter().sum::<u32>().max(1);
        for (column, count) in (0..).zip(counts) {
            let corner = (LEFT + CELL * column, TOP + CELL * row);
            let part = f64::from(*count) / f64::from(total);
            let colour = if row == column { TRAINING } else { VALIDATION };
            // The root tells one mistake in a hundred from none.
            let shade = colour.mix(if row == column { 0.15 + 0.55 * part } else { part.sqrt().min(1.0) });
            let cell = [corner, (corner.0 + CELL - 2, corner.1 + CELL - 2)];
            area.draw(&Rectangle::new(cell, WHITE.mix(1.0).filled()))?;
            area.draw(&Rectangle::new(cell, shade.filled()))?;
            if *count > 0 {
                text(&area, &count.to_string(), (corner.0 + CELL / 2 - 1, corner.1 + CELL / 2 - 1), 14)?;
            }
        }
    }
    area.present()?;
    Ok(())
}

/// The first twelve digits that are read wrong: `wrong.svg`.
pub fn wrong(path: &Path, digits: &Digits, read: &[u8]) -> Outcome {
    const PIXEL: i32 = 4;
    const SIDE: i32 = 28 * PIXEL;
    const WIDTH: i32 = SIDE + 24;
    const HEIGHT: i32 = SIDE + 44;
    let area = SVGBackend::new(path, ((4 * WIDTH + 24) as u32, (3 * HEIGHT + 56) as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    text(&area, "Read wrong", (2 * WIDTH + 12, 26), 20)?;
    let mistakes = (0..digits.len()).filter(|place| read[*place] != digits.labels[*place]).take(12);
    for (tile, place) in (0..).zip(mistakes) {
        let (left, top) = (24 + WIDTH * (tile % 4), 52 + HEIGHT * (tile / 4));
        area.draw(&Rectangle::new([(left, top), (left + SIDE, top + SIDE)], BLACK.filled()))?;
        for (at, brightness) in (0..).zip(digits.image(place)).filter(|(_, brightness)| **brightness > 0.0) {
            let (x, y) = (left + PIXEL * (at % 28), top + PIXEL * (at / 28));
            let grey = (255.0 * brightness).round() as u8;
            let pixel = [(x, y), (x + PIXEL, y + PIXEL)];
            area.draw(&Rectangle::new(pixel, RGBColor(grey, grey, grey).filled()))?;
        }
        let words = format!("{} read as {}", digits.labels[place], read[place]);
        text(&area, &words, (left + SIDE / 2, top + SIDE + 16), 15)?;
    }
    area.present()?;
    Ok(())
}

/// Words around a point.
fn text(area: &Area<'_>, words: &str, at: (i32, i32), size: i32) -> Outcome {
    let style = ("sans-serif", size).into_font().color(&INK).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(words, at, style))?;
    Ok(())
}
