// The terms of this page in plain words, in the order of the alphabet, each with one place to read on.

/**
 * @typedef {object} Term
 * @property {string} name
 * @property {string} words  a sentence or two
 * @property {string} link  to read on
 */

const WIKIPEDIA = "https://en.wikipedia.org/wiki/";
const ARXIV = "https://arxiv.org/abs/";

/** @type {readonly Term[]} */
export const TERMS = [
  { name: "Accuracy", words: "How often the token that the model thinks likeliest is the one that comes.", link: `${WIKIPEDIA}Accuracy_and_precision` },
  { name: "AdamW", words: "The rule by which a training step moves the numbers of a model: by the gradient, smoothed, and divided by its usual size.", link: `${ARXIV}1711.05101` },
  { name: "Attention", words: "How a token takes in what earlier tokens say. A standard Transformer compares each with all; here waves carry it.", link: `${ARXIV}1706.03762` },
  { name: "Batch", words: "The pieces of text that one step of training learns from at the same time.", link: `${WIKIPEDIA}Stochastic_gradient_descent` },
  { name: "Bend", words: "To change the frequency, damping or phase of a wave of the open model, while it writes. The file stays as it was.", link: `${WIKIPEDIA}Damping` },
  { name: "Bits a byte", words: "The loss for each byte of text, in bits. Unlike perplexity it can be compared between models that cut text otherwise.", link: `${WIKIPEDIA}Entropy_(information_theory)` },
  { name: "Byte-level BPE", words: "A way to cut text: beginning with bytes, the pair that is met most often becomes a piece of its own, again and again.", link: `${ARXIV}1508.07909` },
  { name: "Causal", words: "Hearing only what came before. A model that hears later tokens has perfect figures and cannot write.", link: `${WIKIPEDIA}Causal_system` },
  { name: "Cell", words: "A place on the field. Tokens drop what they say on cells, and pick up what reaches theirs.", link: `${WIKIPEDIA}Discrete_time_and_continuous_time` },
  { name: "Confidence interval", words: "The figure after ±: with a hundred samples of the text, the true value would lie so near in about 95 of them.", link: `${WIKIPEDIA}Confidence_interval` },
  { name: "Context", words: "How many tokens a model was trained to read at once. The state of waves goes on past that, as large as before; a Transformer has no room for more.", link: `${WIKIPEDIA}Large_language_model` },
  { name: "Convolution", words: "Adding up what was dropped, each by what its wave has become at the place that listens.", link: `${WIKIPEDIA}Convolution` },
  { name: "Coupling", words: "How the heads of a layer mix what they have heard before it is passed on.", link: `${WIKIPEDIA}Coupling_(physics)` },
  { name: "Damping", words: "α, how fast a wave dies away, a cell. Twice the damping, half as far.", link: `${WIKIPEDIA}Damping` },
  { name: "Dropout", words: "Muting a share of the signals at random while learning, so that a model does not learn by heart.", link: `${WIKIPEDIA}Dilution_(neural_networks)` },
  { name: "Embedding", words: "The list of numbers that stands for a token inside the model.", link: `${WIKIPEDIA}Word_embedding` },
  { name: "Energy", words: "The sum of the squares of the numbers that stand for a token: how large its state is. Waves that die away lose it.", link: `${WIKIPEDIA}Energy_(signal_processing)` },
  { name: "Epoch", words: "As many steps as it takes to learn from as much text as there is, once.", link: `${WIKIPEDIA}Training,_validation,_and_test_data_sets` },
  { name: "Fast Fourier transform", words: "A quick way to a convolution: n log n operations instead of n². Waves that die away have an even quicker one, from token to token.", link: `${WIKIPEDIA}Fast_Fourier_transform` },
  { name: "Feed-forward", words: "The part of a layer in which each token thinks by itself, after it has listened.", link: `${WIKIPEDIA}Feedforward_neural_network` },
  { name: "Field", words: "The line of cells along which the waves of a layer run.", link: `${WIKIPEDIA}Field_(physics)` },
  { name: "Frequency", words: "ω, how fast a wave swings, in radians a cell: 6.28 is once around.", link: `${WIKIPEDIA}Angular_frequency` },
  { name: "Gain", words: "How loud a head is heard: 1 as trained, 0 muted.", link: `${WIKIPEDIA}Gain_(electronics)` },
  { name: "Gradient", words: "For each number of a model, which way and how much the loss changes if that number is moved a little.", link: `${WIKIPEDIA}Backpropagation` },
  { name: "Gradient limit", words: "A gradient that is longer is shortened to this before a step is made, so that one odd piece of text does no harm.", link: `${WIKIPEDIA}Vanishing_gradient_problem` },
  { name: "Head", words: "One of the listeners of a layer. Here each hears through a wave of its own.", link: `${ARXIV}1706.03762` },
  { name: "Held back", words: "Text that a model is never trained on, only measured on. It tells what was understood from what was learned by heart.", link: `${WIKIPEDIA}Training,_validation,_and_test_data_sets` },
  { name: "Influence", words: "How much an earlier token has to do with what a model foretells at a later one.", link: `${WIKIPEDIA}Sensitivity_analysis` },
  { name: "Interference", words: "Every few layers the mean of the text so far is weighed against the token: waves that add up or cancel.", link: `${WIKIPEDIA}Wave_interference` },
  { name: "Kernel", words: "What a wave makes of a token that lies so many tokens back: the curve that is drawn for each head.", link: `${WIKIPEDIA}Kernel_(image_processing)` },
  { name: "Layer", words: "One round of listening and thinking. Models have several, one after the other.", link: `${WIKIPEDIA}Layer_(deep_learning)` },
  { name: "Leak", words: "A prediction that depends on tokens which come only later. A model that leaks has perfect figures and cannot write.", link: `${WIKIPEDIA}Leakage_(machine_learning)` },
  { name: "Learning rate", words: "How far a training step moves the numbers. Too high and the loss jumps, too low and nothing happens.", link: `${WIKIPEDIA}Learning_rate` },
  { name: "Loss", words: "How much the next token surprises the model, on average, in nats. 0 is certainty.", link: `${WIKIPEDIA}Cross-entropy` },
  { name: "Nat", words: "A unit of surprise, as the bit is: 1 nat is 1.44 bits. Something of one chance in 2.718 surprises by one nat.", link: `${WIKIPEDIA}Nat_(unit)` },
  { name: "Operation", words: "One addition or multiplication. Counts say how the work grows with the text; the time also hangs on how quickly a device does each.", link: `${WIKIPEDIA}FLOPS` },
  { name: "Parameter", words: "A number of a model that training moves.", link: `${WIKIPEDIA}Neural_network_(machine_learning)` },
  { name: "Perplexity", words: "Among how many equally likely tokens a model wavers before the next one. 1 is certainty.", link: `${WIKIPEDIA}Perplexity` },
  { name: "Phase", words: "φ, where in its swing a wave begins.", link: `${WIKIPEDIA}Phase_(waves)` },
  { name: "Prompt", words: "The beginning of a text that a model goes on from.", link: `${WIKIPEDIA}Prompt_engineering` },
  { name: "Reach", words: "How many tokens back a wave is still a tenth as strong as at first.", link: `${WIKIPEDIA}Damping` },
  { name: "Recurrence", words: "Going from token to token with one state that is carried along: what was heard so far, turned and damped by one step each time.", link: `${WIKIPEDIA}Recurrence_relation` },
  { name: "Sampling", words: "Drawing the next token by chance, each as often as the model thinks it likely.", link: `${WIKIPEDIA}Sampling_(statistics)` },
  { name: "Seed", words: "The number that chance starts from. The same seed and settings give the same text.", link: `${WIKIPEDIA}Random_seed` },
  { name: "Softmax", words: "Turns scores into chances that add up to 1.", link: `${WIKIPEDIA}Softmax_function` },
  { name: "State", words: "All that a model keeps of the text so far. Here it is a fixed list of numbers, an arrow for each channel of each head; a Transformer's grows with every token.", link: `${WIKIPEDIA}State-space_representation` },
  { name: "Stride", words: "How many cells lie from one token to the next.", link: `${WIKIPEDIA}Stride_of_an_array` },
  { name: "Surprise", words: "How unlikely a model held the token that came: minus the logarithm of the chance that it gave it, in nats or bits.", link: `${WIKIPEDIA}Information_content` },
  { name: "Temperature", words: "How freely the next token is drawn: 0 always takes the likeliest, 1 as the model says, more is wilder.", link: `${WIKIPEDIA}Softmax_function` },
  { name: "Token", words: "A piece of text that a model reads as one: here a single character, or a piece of a word.", link: `${WIKIPEDIA}Large_language_model` },
  { name: "Top-k and top-p", words: "Limits to sampling: only the k likeliest tokens, or only those that together have the share p of all chances.", link: `${ARXIV}1904.09751` },
  { name: "Transformer", words: "The usual language model: each token compares itself with every earlier one, so that twice the text takes four times the time.", link: `${ARXIV}1706.03762` },
  { name: "Vocabulary", words: "All tokens that a model knows.", link: `${WIKIPEDIA}Large_language_model` },
  { name: "Warm-up", words: "The first steps of a training, over which the learning rate rises from nothing: a fresh model would be thrown about by large ones.", link: `${WIKIPEDIA}Learning_rate` },
  { name: "Wave", words: "A swing that dies away: what a head hears of a token so many tokens later.", link: `${WIKIPEDIA}Damping` },
  { name: "Weight decay", words: "Drawing all numbers a little towards zero at each step, so that none grows without need.", link: `${ARXIV}1711.05101` },
];
