// Why the network answers as it does: the pixels that it sees, the feature maps of its convolutions, and over the drawing
// which pixels speak for and against the answer.

import { best, block, button, find, make, nameOf } from "./dom.js";
import { grey, mosaic, signed } from "./tiles.js";

/** @typedef {import("./engine").AnswerOf<"recognized">} Recognized */
/** @typedef {import("./engine").AnswerOf<"explained">} Explained */

const [intro, inside, maps] = [block("intro"), block("inside"), block("maps")];
const [place, legend, why] = [block("place"), block("legend"), button("why")];
const input = find("input", HTMLCanvasElement);
const saliency = find("saliency", HTMLCanvasElement);

/** Whether it is asked for. */
let isWanted = true;
/** Whether it is known for what is on the canvas. */
let isKnown = false;
let digit = 0;

/**
 * Shows what the network sees and where that lies on the canvas, or that it sees nothing.
 * @param {Recognized | null} recognized
 */
export function showInput(recognized) {
    place.hidden = !recognized;
    inside.classList.toggle("stale", !recognized);
    if (recognized) digit = best(recognized.probabilities);
    // The reasons come after the answer, also where the drawing is the same and the model another.
    forget();
    if (!recognized) return;
    [intro.hidden, inside.hidden] = [true, false];
    grey(input, recognized.input, 28);
    const [[left, top], [right, bottom]] = recognized.place;
    const sides = { left, top, width: right - left, height: bottom - top };
    for (const [name, value] of Object.entries(sides)) place.style.setProperty(name, `${100 * value}%`);
}

/** @param {Explained} explained */
export function showReasons(explained) {
    signed(saliency, explained.saliency, 28);
    while (maps.children.length > explained.maps.length) maps.lastElementChild?.remove();
    explained.maps.forEach((of, at) => {
        const figure = maps.children[at] ?? maps.appendChild(newFigure());
        const [canvas, caption] = figure.children;
        const text = `Convolution ${at + 1}: ${of.channels} maps of ${of.height} x ${of.width}`;
        if (caption.textContent !== text) {
            caption.textContent = text;
            canvas.setAttribute("aria-label", text);
        }
        if (canvas instanceof HTMLCanvasElement) mosaic(canvas, of, of.width < 10 ? 12 : 8, "grey");
    });
    isKnown = true;
    showSaliency();
}

/** What was known is out of date: the drawing has changed, or the answer. */
export function forget() {
    isKnown = false;
    showSaliency();
}

/** Shows the saliency where it was hidden and hides it where it was shown. */
export function toggleSaliency() {
    isWanted = !isWanted;
    why.setAttribute("aria-pressed", String(isWanted));
    showSaliency();
}

const newFigure = () => {
    const canvas = make("canvas", { className: "tiles" });
    canvas.setAttribute("role", "img");
    return make("figure", {}, canvas, make("figcaption"));
};

function showSaliency() {
    saliency.classList.toggle("shown", isWanted && isKnown);
    legend.hidden = !isWanted || place.hidden;
    const text = `Orange speaks for a ${nameOf(digit)}, blue against it.`;
    if (legend.textContent !== text) legend.textContent = text;
}
