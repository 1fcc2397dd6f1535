//! One confined process.
