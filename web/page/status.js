// The status line: one sentence for each thing that is under way or went wrong. Errors stay until they are dismissed or what
// failed succeeds.

import { block, draw, make } from "./dom.js";

const status = block("status");

/** @type {Map<string, HTMLElement>} */
const lines = new Map();

/**
 * Says a sentence about `topic`, in place of what was said about it before.
 * @param {string} topic
 * @param {string} sentence
 * @param {"error" | "note"} [kind]
 */
export function say(topic, sentence, kind = "error") {
    const shown = lines.get(topic);
    const text = shown?.querySelector("span");
    if (shown && text && shown.dataset.kind === kind) {
        if (text.textContent !== sentence) text.textContent = sentence;
        return;
    }
    shown?.remove();
    const cross = draw("svg", { "aria-hidden": "true" }, draw("use", { href: "#icon-close" }));
    const dismiss = make("button", { ariaLabel: "Dismiss" }, cross);
    const line = make("p", { className: kind }, make("span", {}, sentence), dismiss);
    Object.assign(line.dataset, { topic, kind });
    dismiss.addEventListener("click", () => unsay(topic));
    lines.set(topic, line);
    status.append(line);
}

/** What was said is out of date, but for errors. */
export function forgetNotes() {
    for (const [topic, line] of lines) if (line.dataset.kind === "note") unsay(topic);
}

/** There is nothing to say about `topic` any more. @param {string} topic */
export function unsay(topic) {
    lines.get(topic)?.remove();
    lines.delete(topic);
}
