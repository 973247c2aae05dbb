//! What an input takes: memory, by an allocator that counts; and that it ends at all.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// An input takes milliseconds; what takes as long as this on however busy a machine does not end.
const PATIENCE: Duration = Duration::from_secs(300);
/// Asked for in one piece, this ends the program with the input's name: it may not be there at all.
const FAR_TOO_MUCH: usize = 2 << 30;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static SEED: AtomicU64 = AtomicU64::new(0);

// SAFETY: the system's allocator does the work; sizes are added up beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= FAR_TOO_MUCH {
            give_up(layout.size());
        }
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Nothing may be allocated here.
fn give_up(size: usize) -> ! {
    let mut line = [0u8; 96];
    let mut rest = &mut line[..];
    let seed = SEED.load(Ordering::Relaxed);
    let _ = writeln!(
        rest,
        "FUZZ_SEED={seed}: {size} bytes were asked for at once"
    );
    let left = rest.len();
    let end = line.len() - left;
    let _ = std::io::stderr().write_all(&line[..end]);
    std::process::abort();
}

/// Watches over one input.
pub struct Guard {
    before: usize,
    done: Sender<()>,
    watch: JoinHandle<()>,
}

impl Guard {
    pub fn begin(kind: &'static str, seed: u64, most: usize) -> Self {
        SEED.store(seed, Ordering::Relaxed);
        let (done, wait) = channel();
        let watch = std::thread::spawn(move || {
            if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("FUZZ_KIND={kind} FUZZ_SEED={seed}: it does not end");
                std::process::abort();
            }
        });
        let before = LIVE.load(Ordering::Relaxed);
        assert!(before < most, "earlier inputs left {before} bytes");
        PEAK.store(before, Ordering::Relaxed);
        Guard {
            before,
            done,
            watch,
        }
    }

    /// The most bytes that were taken at once since the beginning.
    pub fn end(self) -> usize {
        let peak = PEAK.load(Ordering::Relaxed) - self.before;
        // A watch that has gone has said why.
        let _ = self.done.send(());
        let _ = self.watch.join();
        peak
    }
}
