// Ten experiments, each a question and a place of the page that is set up to answer it: for teachers, and for whoever wants
// more after a story. The addresses are ordinary links to this page.

/**
 * @typedef {object} Experiment
 * @property {string} question
 * @property {string} about  what to do there
 * @property {string} href
 */

/** @type {readonly Experiment[]} */
export const EXPERIMENTS = [
  { question: "Is it better than a Transformer of the same size?", href: "#race", about: "Race two: the same text, the same steps, the same chances. Both write at the end." },
  { question: "From which length on are waves faster?", href: "#long", about: "Measure both on your device, and read where the curves cross." },
  { question: "What does temperature do?", href: "#temp=1.5&end", about: "Read what it writes at 1.5, then set 0.2. Which of the two would you rather read on?" },
  { question: "What is left without the strongest wave?", href: "#lab/whatif&heads=Shakespeare:1.8.g0&end", about: "Head 8 of layer 1 is muted. Read by how much the loss rises, with its doubt, and where the texts part." },
  { question: "Which letter made it guess that?", href: "#lab/influence", about: "Choose a place in the text, and see which earlier letters the guess there rests on." },
  { question: "Can a letter be heard before it is there?", href: "#lab/causality", about: "One letter is exchanged, and every guess before it is compared. Nothing may move." },
  { question: "Where does the energy of a wave go?", href: "#lab/energy", about: "Compare what the tokens drop on the field with what is picked up again." },
  { question: "What did training do to the waves?", href: "#lab/heads", about: "All heads of the model on one map: how far each carries, and how fast it turns." },
  { question: "What if it learns too fast?", href: "#train&text=names&size=small&steps=400&peak-lr=0.1&end", about: "Press Start with a rate twelve times too high, and watch the loss. Then halve the rate while it runs." },
  { question: "Can it learn a text of mine?", href: "#train", about: "Choose your own text, paste some pages, press Start, and read its first samples after a minute." },
];
