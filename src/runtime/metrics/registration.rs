//! Makes metrics and registers them.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

type Labels = [(&'static str, String); 1];

/// Makes metrics and registers them.
pub(super) struct New<'r>(pub(super) &'r mut Registry);

impl New<'_> {
    pub(super) fn counter(&mut self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.0.register(name, help, counter.clone());
        counter
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.0.register(name, help, gauge.clone());
        gauge
    }

    /// A histogram of times, in seconds.
    pub(super) fn seconds<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        buckets: [f64; N],
    ) -> Histogram {
        let histogram = Histogram::new(buckets);
        self.0.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        histogram
    }

    /// A counter for each value of a label.
    pub(super) fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: [&str; N],
    ) -> [Counter; N] {
        let family = Family::<Labels, Counter>::default();
        self.0.register(name, help, family.clone());
        values.map(|value| family.get_or_create(&[(label, value.to_owned())]).clone())
    }

    /// A gauge for each value of a label.
    pub(super) fn gauges<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: [&str; N],
    ) -> [Gauge; N] {
        let family = Family::<Labels, Gauge>::default();
        self.0.register(name, help, family.clone());
        values.map(|value| family.get_or_create(&[(label, value.to_owned())]).clone())
    }
}
