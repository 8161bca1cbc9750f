//! A bare HTTP server under the same load.

use std::convert::Infallible;
use std::io;
use std::thread;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{Setup, per_second};
use crate::cli::bench::load::{self, Load};
use crate::cli::failure::Failure;
use crate::harness::any_port;

/// The maximum size of a request body in bytes.
const BODY_MAX: usize = 16 * 1024;

/// Returns the requests that it answers a second.
pub(super) async fn requests(setup: &Setup<'_>) -> Result<f64, Failure> {
    let failed = |error| Failure::Negative(format!("the bare HTTP server failed: {error}"));
    let listener = std::net::TcpListener::bind(any_port()).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (end, ended) = oneshot::channel();
    let length = setup.response_length;
    let server = thread::spawn(move || serve(listener, length, ended));

    let streams = load::connect(address, setup.in_flight).await.map_err(failed)?;
    let load = Load::begin(None, None)?;
    let course = async {
        sleep(setup.time / 4).await;
        load.measure();
        sleep(setup.time).await;
    };
    load::run(&load, streams, setup.request, course).await.map_err(failed)?;
    let _ended = end.send(());
    server.join().map_err(|_| failed(io::Error::other("the thread panicked")))?.map_err(failed)?;
    let responses = load.tally().map_or(0, |tally| tally.responses);
    Ok(per_second(responses, setup.time))
}

/// Runs the server on as many threads as the adapter.
fn serve(
    listener: std::net::TcpListener,
    length: usize,
    ended: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        tokio::select! {
            error = accept(listener, length) => error,
            _ = ended => Ok(()),
        }
    })
}

async fn accept(listener: TcpListener, length: usize) -> io::Result<()> {
    let body: &'static str = "0".repeat(length).leak();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(move |request: Request<Incoming>| async move {
            // The whole request body is read, as the adapter does.
            let _body = to_bytes(Body::new(request.into_body()), BODY_MAX).await;
            let mut response = Response::new(Body::from(body));
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            Ok::<_, Infallible>(response)
        });
        drop(tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service)));
    }
}
