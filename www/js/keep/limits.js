// How much is kept of one training, and so how much a file or the storage may bring of one; for how long what was deleted is.
// No DOM here.

/** Entries of a training's lists; what is more makes room for what is newer. */
export const MOST = {
  evaluations: 1000, samples: 200, faults: 50,
  /** Buckets of a curve: a chart has about as many pixels. */
  losses: 2048,
  /** A report comes about ten times a second, the heads five times; a chart has a few hundred pixels. */
  reports: 1024, moments: 400, thinnedSamples: 100,
  /** Of what a person changed while it went on; the engine keeps as many. */
  changes: 200,
  /** More than can be set here. */
  layers: 64, heads: 64,
};
/** Characters. */
export const LONGEST = { name: 200, sample: 20_000, message: 2000, word: 100, prompt: 2000 };
/** Steps of a training. */
export const MOST_STEPS = 1e9;
/** Milliseconds for which a deleted training, model or race can be taken back. */
export const UNDO_MS = 10_000;
