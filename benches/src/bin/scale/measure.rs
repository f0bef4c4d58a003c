//! What one measurement gives, and how it travels from one process to the other: as a line of text.

use std::time::Instant;

/// What a measurement gives.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The whole.
    pub milliseconds: f64,
    /// The nodes of the graph in the end.
    pub nodes: usize,
    /// The most memory that the process held, if the system tells.
    pub peak_kib: Option<u64>,
    /// Its parts.
    pub steps: Vec<(String, f64)>,
}

/// Parts that take less say nothing about growth.
const NOTABLE: f64 = 15.0;

impl Measured {
    /// What was measured by a watch, with the memory at this moment.
    pub fn new(watch: Watch, nodes: usize) -> Self {
        let milliseconds = watch.steps.iter().map(|(_, milliseconds)| milliseconds).sum();
        Self { milliseconds, nodes, peak_kib: peak_kib(), steps: watch.steps }
    }

    pub fn line(&self) -> String {
        let peak = self.peak_kib.map_or_else(|| "-".into(), |peak| peak.to_string());
        let steps: Vec<String> = self.steps.iter().map(|(name, time)| format!("{name}={time}")).collect();
        format!("{} {} {peak} {}", self.milliseconds, self.nodes, steps.join(" "))
    }

    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (milliseconds, nodes) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let peak_kib = words.next()?.parse().ok();
        let step = |word: &str| word.split_once('=').and_then(|(name, time)| Some((name.into(), time.parse().ok()?)));
        Some(Self { milliseconds, nodes, peak_kib, steps: words.filter_map(step).collect() })
    }

    /// The faster of two runs of one measurement, part by part.
    pub fn best(mut self, other: Self) -> Self {
        self.milliseconds = self.milliseconds.min(other.milliseconds);
        self.peak_kib = self.peak_kib.min(other.peak_kib);
        for ((_, time), (_, next)) in self.steps.iter_mut().zip(&other.steps) {
            *time = time.min(*next);
        }
        self
    }

    /// The whole and each part beside those of a smaller run, where they take long enough to compare.
    pub fn compared(&self, smaller: &Self) -> Vec<(&str, f64, f64)> {
        let whole = std::iter::once(("time", self.milliseconds, smaller.milliseconds));
        let parts =
            self.steps.iter().zip(&smaller.steps).map(|((name, time), (_, before))| (name.as_str(), *time, *before));
        let parts = parts.filter(|_| self.steps.len() > 1);
        whole.chain(parts).filter(|(_, time, _)| *time >= NOTABLE).collect()
    }
}

fn peak_kib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Times the steps of something.
#[derive(Default)]
pub struct Watch {
    steps: Vec<(String, f64)>,
}

impl Watch {
    pub fn time<T>(&mut self, step: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.steps.push((step.into(), start.elapsed().as_secs_f64() * 1e3));
        result
    }
}
