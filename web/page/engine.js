// The page's end of the worker: starts it as early as can be, sends what is asked and hands out what is answered. Answers
// that come before the page listens are kept for it.

/** @typedef {import("./messages").Ask} Ask */
/** @typedef {import("./messages").Answer} Answer */
/**
 * @template {Answer["answer"]} K
 * @typedef {Extract<Answer, { answer: K }>} AnswerOf
 */

const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module", name: "engine" });

/** @type {Map<string, ((answer: any) => void)[]>} */
const listeners = new Map();

/** @type {Answer[] | null} */
let early = [];

worker.addEventListener("message", ({ data }) => receive(data));
// A worker whose script cannot be loaded says no more than that.
worker.addEventListener("error", (event) => {
    event.preventDefault();
    receive({ answer: "failed", ask: "start", reason: event.message ?? "" });
});

/**
 * Sends to the engine; what is transferred is no longer the page's.
 * @param {Ask} ask
 * @param {Transferable[]} [transferred]
 */
export function ask(ask, transferred = []) {
    worker.postMessage(ask, transferred);
}

/**
 * Calls `listener` with each answer of this kind.
 * @template {Answer["answer"]} K
 * @param {K} kind
 * @param {(answer: AnswerOf<K>) => void} listener
 */
export function on(kind, listener) {
    listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
}

/** From now on answers are handed out, those first that have come already. */
export function listen() {
    const kept = early ?? [];
    early = null;
    kept.forEach(hand);
}

/** @param {Answer} answer */
function receive(answer) {
    if (early) early.push(answer);
    else hand(answer);
}

/** @param {Answer} answer */
function hand(answer) {
    for (const listener of listeners.get(answer.answer) ?? []) listener(answer);
}
