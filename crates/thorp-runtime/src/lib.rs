//! The pool of sandboxes, workers, and the guest's protocol.
