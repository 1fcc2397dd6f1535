//! Turns a panic of a handler into a value, so that its connection lives on.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that ends with what the inner one panicked with, if it did.
pub(crate) struct Caught<F>(pub(crate) Pin<Box<F>>);

/// Wraps `future`. It is dropped after a panic and never polled again.
pub(crate) fn caught<F: Future>(future: F) -> Caught<F> {
    Caught(Box::pin(future))
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(text_of(payload.as_ref()))),
        }
    }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[tokio::test]
    async fn a_panic_becomes_its_text() {
        let number = 7;
        assert_eq!(caught(async { number }).await, Ok(7));
        assert_eq!(
            caught(async { panic!("seven is {number}") as () }).await,
            Err("seven is 7".to_owned())
        );
    }
}
