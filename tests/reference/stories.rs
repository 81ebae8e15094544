//! The reference is judged by hand: small stories whose outcomes nobody doubts.
