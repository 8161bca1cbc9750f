//! Counts and times of transfers.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::registration::New;
use crate::codes::direction;
use crate::network::Network;
use crate::transfer::{InboundStatus, TransferStatus};
use crate::values::ProcessingCode;

/// Upper bounds of the buckets of transfer durations, in seconds.
const BUCKETS: [f64; 15] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The service of transfers whose processing code the profile does not have any more.
const OTHER: &str = "other";

type Labels = [(&'static str, String); 3];

/// Counts and times of transfers, by service.
#[derive(Debug)]
pub(in crate::runtime) struct TransferMetrics {
    services: Vec<Service>,
    other: Service,
    duration: Histogram,
}

/// The counters of a service.
#[derive(Debug)]
struct Service {
    codes: Vec<ProcessingCode>,
    outbound: [Counter; TransferStatus::ALL.len()],
    inbound: [Counter; InboundStatus::ALL.len()],
}

impl TransferMetrics {
    pub(super) fn new(new: &mut New<'_>, network: &Network) -> Self {
        let family = Family::<Labels, Counter>::default();
        new.0.register(
            "transfers",
            "Transfers that reached a status, by direction and service",
            family.clone(),
        );
        let service = |name: &str, codes: &[ProcessingCode]| {
            let counter = |direction: &str, status: &str| {
                let labels = [
                    ("direction", direction.to_owned()),
                    ("service", name.to_owned()),
                    ("status", status.to_owned()),
                ];
                family.get_or_create(&labels).clone()
            };
            Service {
                codes: codes.to_vec(),
                outbound: TransferStatus::ALL
                    .map(|status| counter(direction::OUTBOUND, status.code())),
                inbound: InboundStatus::ALL
                    .map(|status| counter(direction::INBOUND, status.code())),
            }
        };
        Self {
            services: network.services().map(|(name, codes)| service(name, codes)).collect(),
            other: service(OTHER, &[]),
            duration: new.seconds(
                "transfer_duration",
                "Time from a channel's request until the outcome is durable",
                BUCKETS,
            ),
        }
    }

    /// Counts an outbound transfer that reached a status, this long after its order.
    pub(in crate::runtime) fn count_outbound(
        &self,
        code: ProcessingCode,
        status: TransferStatus,
        after: Duration,
    ) {
        let place = TransferStatus::ALL.iter().position(|known| *known == status);
        if let Some(counter) = place.and_then(|place| self.service(code).outbound.get(place)) {
            counter.inc();
        }
        match status {
            TransferStatus::Settled | TransferStatus::Refunding | TransferStatus::Rejected => {
                self.duration.observe(after.as_secs_f64());
            }
            // The outcome is not known yet, or was observed with the refund's beginning.
            TransferStatus::Initiated
            | TransferStatus::Processing
            | TransferStatus::Pending
            | TransferStatus::Refunded => {}
        }
    }

    /// Counts an inbound transfer that reached a status.
    pub(in crate::runtime) fn count_inbound(&self, code: ProcessingCode, status: InboundStatus) {
        let place = InboundStatus::ALL.iter().position(|known| *known == status);
        if let Some(counter) = place.and_then(|place| self.service(code).inbound.get(place)) {
            counter.inc();
        }
    }

    fn service(&self, code: ProcessingCode) -> &Service {
        let service = self.services.iter().find(|known| known.codes.contains(&code));
        service.unwrap_or(&self.other)
    }
}
