// The answer: the digit in large type, drawn the bolder the surer it is, the bars, who computed it in what time, and a
// sentence for screen readers once the drawing rests.

import { isDrawing } from "./canvas.js";
import { areDigits, best, block, make, nameClasses, nameOf, NONE, none, numeral, percent, sign } from "./dom.js";

/** @typedef {import("./engine").AnswerOf<"recognized">} Recognized */
/** @typedef {import("./drawing").Picture} Picture */

/** How long the drawing must rest before the answer is spoken, in milliseconds. */
const REST = 600;

const [answer, numerals, text] = [block("answer"), block("numerals"), block("text")];
const [sureness, by, bars, spoken] = [block("sureness"), block("by"), block("bars"), block("spoken")];

/** @type {{ button: HTMLButtonElement, fill: HTMLElement, percent: HTMLElement }[]} */
let rows = [];
/** The digits over one another. @type {SVGUseElement[]} */
let overlaid = [];
let timer = 0;

/**
 * Makes a bar for each class; `chosen` is told which digit a person says it is.
 * @param {string[]} names
 * @param {(digit: number) => void} chosen
 */
export function makeBars(names, chosen) {
    if (rows.length === names.length && names.every((name, at) => name === nameOf(at))) return;
    nameClasses(names);
    const longest = Math.max(...names.map((name) => name.length));
    bars.style.setProperty("--name", areDigits() ? "20px" : `${Math.min(longest, 14)}ch`);
    delete numerals.dataset.shows;
    rows = names.map((called, digit) => {
        const [fill, share] = [make("i"), make("span", { className: "percent" })];
        const bar = make("span", { className: "bar" }, fill);
        const name = make("span", { className: "unseen" }, `${called}: `);
        const title = areDigits() ? `Teach: this is a ${called}` : called;
        const button = make("button", { title }, sign(digit), name, bar, share);
        button.dataset.digit = String(digit);
        button.addEventListener("click", () => chosen(digit));
        return { button, fill, percent: share };
    });
    bars.replaceChildren(...rows.map(({ button }) => make("li", {}, button)));
}

/**
 * Shows what was recognized, and of a picture all that was read in it; null where there is nothing.
 * @param {Recognized | null} recognized
 * @param {Picture | null} picture
 */
export function showAnswer(recognized, picture) {
    const probabilities = recognized?.probabilities ?? [];
    const likeliest = probabilities.length ? best(probabilities) : -1;
    const winner = recognized?.is_digit ? likeliest : -1;
    rows.forEach(({ button, fill, percent: share }, digit) => {
        const probability = probabilities[digit] ?? 0;
        button.classList.toggle("winner", digit === winner);
        fill.style.transform = `scaleX(${probability})`;
        share.textContent = recognized ? percent(probability) : "";
    });
    const read = picture?.digits ?? [];
    if (picture && read.length > 1 && recognized) showMany(read.map(({ label }) => label), picture.chosen);
    else showOne(probabilities, winner);
    const share = recognized ? percent(probabilities[likeliest]) : "";
    const isNone = winner !== likeliest;
    sureness.textContent = isNone ? none() : share;
    const like = isNone ? `most like ${nameOf(likeliest)}, ${share}, ` : "";
    by.textContent = recognized ? `${like}${WHO[recognized.by]}, ${milliseconds(recognized.milliseconds)}` : "";
    answer.dataset.by = recognized?.by ?? "";
    answer.dataset.number = String(recognized?.number ?? "");
    speakLater();
}

/** @type {Record<import("./messages").By, string>} */
const WHO = { gpu: "by the GPU", reference: "by the reference" };

/**
 * All digits over one another, each as bold as it is probable; before anything is drawn, all are.
 * @param {number[]} probabilities
 * @param {number} winner -1 where there is none: nothing is drawn, or no digit
 */
function showOne(probabilities, winner) {
    if (!areDigits()) return showMany(probabilities.length ? [winner >= 0 ? winner : null] : [], -1);
    if (numerals.dataset.shows !== "one") {
        const one = numeral(...rows.keys());
        numerals.replaceChildren(one);
        numerals.dataset.shows = "one";
        overlaid = [...one.querySelectorAll("use")];
    }
    overlaid.forEach((digit, at) => {
        const probability = probabilities[at] ?? 0;
        digit.classList.toggle("winner", at === winner);
        digit.style.strokeWidth = String(1 + 10 * probability);
        digit.style.display = !probabilities.length || probability > 0.02 ? "" : "none";
        // Above the others.
        if (at === winner && digit.nextSibling) digit.parentNode?.append(digit);
    });
    tell(winner >= 0 ? String(winner) : probabilities.length ? NONE : "");
}

/**
 * @param {(number | null)[]} digits
 * @param {number} chosen the one that the bars are about
 */
function showMany(digits, chosen) {
    const shows = digits.map((digit) => (digit === null ? NONE : nameOf(digit))).join(areDigits() ? "" : ", ");
    if (numerals.dataset.shows !== shows) {
        numerals.replaceChildren(...digits.map(sign));
        numerals.dataset.shows = shows;
    }
    [...numerals.children].forEach((child, at) => child.classList.toggle("chosen", at === chosen));
    tell(shows);
}

/** Digit by digit. @param {string} said */
const inWords = (said) => (areDigits() ? [...said].join(" ") : said).replaceAll(NONE, none());

/** The answer as text. @param {string} said */
function tell(said) {
    if (answer.dataset.answer === said) return;
    text.textContent = inWords(said) || "No digit yet";
    answer.dataset.answer = said;
}

/** @param {number} time */
const milliseconds = (time) => (time < 10 ? `${time.toFixed(1)} ms` : `${Math.round(time)} ms`);

/** Speaks once nothing has changed for a while and the pen is lifted; what was spoken last is not repeated. */
function speakLater() {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
        if (isDrawing()) return speakLater();
        const said = inWords(answer.dataset.answer ?? "");
        const sentence = said && said !== sureness.textContent ? `${said}, ${sureness.textContent}` : said;
        if (spoken.textContent !== sentence) spoken.textContent = sentence;
    }, REST);
}
