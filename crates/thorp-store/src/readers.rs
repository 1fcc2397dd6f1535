//! The threads that read, each with a connection of its own. They take reads from one queue and sleep when it is empty.

use crate::StoreError;
use crate::limits::{READ_QUEUE_OPERATIONS_MAX, READERS_MAX};
use crate::sql::Db;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

type Read = Box<dyn FnOnce(Db<'_>) + Send>;

#[derive(Default)]
struct State {
    waiting: VecDeque<(Read, OwnedSemaphorePermit)>,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, read: Read, place: OwnedSemaphorePermit) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Closed);
        }
        state.waiting.push_back((read, place));
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The next read; `None` when the queue is closed and empty.
    fn next(&self) -> Option<Read> {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let mut state = self
            .changed
            .wait_while(self.state(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_front().map(|(read, _)| read)
    }

    fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }
}

/// The way to the reader threads.
pub(crate) struct Readers {
    queue: Arc<Queue>,
    places: Arc<Semaphore>,
    /// Closed when the last thread has ended, since each holds a receiver.
    alive: watch::Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts the threads.
    pub(crate) fn start(path: &Path, count: usize) -> Result<Self, StoreError> {
        let places = Arc::new(Semaphore::new(READ_QUEUE_OPERATIONS_MAX));
        let mut readers = Self {
            queue: Arc::default(),
            places,
            alive: watch::Sender::new(()),
            threads: Vec::new(),
        };
        for number in 0..count.clamp(1, READERS_MAX) {
            let connection = crate::connection::open_reader(path)?;
            let (queue, alive) = (Arc::clone(&readers.queue), readers.alive.subscribe());
            let work = move || {
                run(connection, &queue);
                drop(alive);
            };
            let thread = std::thread::Builder::new()
                .name(format!("store-reader-{number}"))
                .spawn(work);
            readers.threads.push(thread.map_err(StoreError::Thread)?);
        }
        Ok(readers)
    }

    /// Runs a read. It is passed over if the caller stops waiting before its turn.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let read = move |db: Db<'_>| {
            if !reply.is_closed() {
                let _ = reply.send(work(db));
            }
        };
        self.queue.push(Box::new(read), place)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Ends the threads after the reads that are queued.
    pub(crate) async fn close(&self) {
        self.queue.close();
        self.alive.closed().await;
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close();
        self.threads
            .drain(..)
            .for_each(|thread| drop(thread.join()));
    }
}

fn run(connection: Connection, queue: &Queue) {
    while let Some(read) = queue.next() {
        read(Db(&connection));
    }
}
