// Small helpers around the document: elements that must exist, elements that are made, files that are chosen and saved.

const SVG = "http://www.w3.org/2000/svg";

/**
 * The element with this id, which index.html is known to have.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function find(id, type) {
    const element = document.getElementById(id);
    if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
    return element;
}

/** @param {string} id */
export const button = (id) => find(id, HTMLButtonElement);

/** @param {string} id */
export const block = (id) => find(id, HTMLElement);

/**
 * A new HTML element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean>} [properties]
 * @param {(Node | string)[]} children
 */
export function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
}

/**
 * A new SVG element.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 */
export function draw(tag, attributes, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    element.append(...children);
    return element;
}

/**
 * Numerals as they are drawn in index.html, over one another; a dash where there is no digit.
 * @param {(number | null)[]} digits
 */
export const numeral = (...digits) =>
    draw("svg", { class: "numeral", viewBox: "0 0 60 100", "aria-hidden": "true" },
        ...digits.map((digit) => (digit === null ? draw("path", { d: "M14 54h32" }) : draw("use", { href: `#digit-${digit}` }))));

/** What the classes of the model are called. @type {string[]} */
let names = [];

/** @param {string[]} given */
export const nameClasses = (given) => void (names = given);

/** @param {number} label */
export const nameOf = (label) => names[label] ?? String(label);

/** Whether they are digits, which are drawn and stand beside each other. */
export const areDigits = () => names.length === 10 && names.every((name, at) => name === String(at));

/** What is said of what shows none of them. */
export const none = () => (areDigits() ? "no digit" : "none of the classes");

/** A class as it is drawn or called; a dash where there is none. @param {number | null} label */
export const sign = (label) =>
    label === null || areDigits() ? numeral(label) : make("span", { className: "name", ariaHidden: "true" }, nameOf(label));

/**
 * Hands every file that is chosen with this input to `opened`; the button opens its dialog.
 * @param {HTMLButtonElement} opener
 * @param {HTMLInputElement} input
 * @param {(file: File) => void} opened
 */
export function onFile(opener, input, opened) {
    opener.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
        const file = input.files?.[0];
        // So that the same file can be chosen again.
        if (file) opened(file);
        input.value = "";
    });
}

/**
 * Saves a file as the browser saves downloads.
 * @param {Uint8Array} bytes
 * @param {string} name
 */
export function download(bytes, name) {
    const url = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (bytes)], { type: "application/octet-stream" }));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** What stands in the place of a digit where there is none. */
export const NONE = "\u2013";

/** @param {number} share from 0 to 1 */
export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;

/** @param {number} count */
export const grouped = (count) => Math.round(count).toLocaleString("en");

/**
 * The index of the largest value.
 * @param {number[]} values
 */
export const best = (values) => values.indexOf(Math.max(...values));
