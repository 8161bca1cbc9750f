//! A bare HTTP server that is asked what the product was asked, by the same load.

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
use crate::rig::any_port;

/// Bytes of a request's body at most.
const BODY_MAX: usize = 16 * 1024;

/// Requests answered a second.
pub(super) async fn requests(setup: &Setup<'_>) -> Result<f64, Failure> {
    let failed = |error| Failure::No(format!("the bare HTTP server: {error}"));
    let listener = std::net::TcpListener::bind(any_port()).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (end, ended) = oneshot::channel();
    let length = setup.answer_length;
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
    server.join().map_err(|_| failed(io::Error::other("it has panicked")))?.map_err(failed)?;
    let answers = load.tally().map_or(0, |tally| tally.answers);
    Ok(per_second(answers, setup.time))
}

/// On as many threads as the product's.
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
    let answer: &'static str = "0".repeat(length).leak();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(move |request: Request<Incoming>| async move {
            // What is asked is read whole, as the product does.
            let _body = to_bytes(Body::new(request.into_body()), BODY_MAX).await;
            let mut response = Response::new(Body::from(answer));
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            Ok::<_, Infallible>(response)
        });
        drop(tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service)));
    }
}
