// Pictures: chosen, dropped or pasted, shown on the canvas, read by the engine, with a box around each digit that it finds.
// The boxes are radio buttons, so that arrow keys go from digit to digit; taps on the canvas choose the nearest.

import { areDigits, best, button, find, make, nameOf, NONE, none, onFile } from "./dom.js";
import { ask, on } from "./engine.js";
import { say, unsay } from "./status.js";
import * as words from "./words.js";

/** @typedef {import("./messages").Point} Point */
/** @typedef {import("./messages").ReadDigit} ReadDigit */
/** @typedef {import("./drawing").Picture} Picture */
/** @typedef {import("./drawing").Found} Found */

/** The longer side of what the engine is given, in pixels. */
const MOST_PIXELS = 2048;

const boxes = find("boxes", HTMLFieldSetElement);

/** The digits whose boxes are shown. @type {Found[] | null} */
let shown = null;

/** Pictures that are being read, by the number of their question. @type {Map<number, Picture>} */
const unread = new Map();
let number = 0;

/**
 * Takes pictures in; `shown` is told of each, and `read` when its digits are known.
 * @param {(picture: Picture) => void} shown
 * @param {() => void} read
 */
export function takePictures(shown, read) {
    const open = (/** @type {File | null | undefined} */ file) => void (file && openPicture(file, shown));
    onFile(button("choose-picture"), find("picture-file", HTMLInputElement), open);
    document.addEventListener("paste", (event) => open(event.clipboardData?.files[0]));
    for (const type of /** @type {const} */ (["dragover", "drop"])) {
        document.addEventListener(type, (event) => {
            if (!event.dataTransfer?.types.includes("Files")) return;
            event.preventDefault();
            open(event.dataTransfer.files[0]);
        });
    }
    on("read", (answer) => {
        const picture = unread.get(answer.number);
        unread.delete(answer.number);
        if (!picture) return;
        const [width, height] = [answer.width, answer.height];
        Object.assign(picture, { width, height, digits: answer.digits.map((digit) => found(digit, width, height)) });
        if (answer.digits.length) unsay("read");
        else say("read", words.noDigit(picture.name));
        read();
    });
    on("unreadable", (answer) => {
        const name = unread.get(answer.number)?.name ?? "The picture";
        unread.delete(answer.number);
        say("read", words.unreadable(name, answer.reason));
    });
}

/**
 * Shows the boxes of the picture on the canvas, if there is one; `choose` is told which one is chosen.
 * @param {Picture | null} picture
 * @param {(index: number) => void} choose
 */
export function showBoxes(picture, choose) {
    if (shown === (picture?.digits ?? null)) return;
    shown = picture?.digits ?? null;
    const digits = shown ?? [];
    boxes.hidden = digits.length === 0;
    const legend = boxes.firstElementChild ?? "";
    boxes.replaceChildren(legend, ...digits.map((digit, index) => {
        const box = make("input", { type: "radio", name: "box", checked: index === picture?.chosen });
        const nothing = areDigits() ? "No digit" : none();
        box.setAttribute("aria-label", `${digit.label === null ? nothing : nameOf(digit.label)}, the ${index + 1}. of ${digits.length}`);
        box.addEventListener("change", () => choose(index));
        const label = make("span", { className: "box", ariaHidden: "true" }, digit.label === null ? NONE : nameOf(digit.label));
        const [[left, top], [right, bottom]] = digit.box;
        const sides = { left, top, width: right - left, height: bottom - top };
        const part = make("label", {}, box, label);
        for (const [name, value] of Object.entries(sides)) part.style.setProperty(name, `${100 * value}%`);
        return part;
    }));
}

/**
 * The digit whose box is the nearest.
 * @param {Picture} picture
 * @param {Point} point
 */
export function nearest({ digits }, [x, y]) {
    const away = (digits ?? []).map(({ box: [[left, top], [right, bottom]] }) =>
        Math.hypot(x - (left + right) / 2, y - (top + bottom) / 2));
    return away.indexOf(Math.min(...away));
}

/** Chooses the box with this index, as if it had been clicked. @param {number} index */
export function chooseBox(index) {
    boxes.querySelectorAll("input")[index]?.click();
}

/**
 * What is dropped may be anything; what the browser cannot show, the engine tells about.
 * @param {File} file
 * @param {(picture: Picture) => void} shown
 */
async function openPicture(file, shown) {
    try {
        const image = await createImageBitmap(file).catch(() => null);
        const { width, height } = image ?? { width: 1, height: 1 };
        const bytes = image ? await asPng(file, image) : new Uint8Array(await file.arrayBuffer());
        const picture = { image, width, height, name: file.name, digits: null, chosen: 0 };
        if (image) shown(picture);
        number += 1;
        unread.set(number, picture);
        ask({ ask: "read", number, name: file.name, bytes }, [bytes.buffer]);
    } catch (error) {
        say("read", words.unreadable(file.name, `cannot be read: ${words.reasonOf(error)}`));
    }
}

/**
 * What the browser shows is what is read: turned as a camera's picture says, and of any format that the browser knows.
 * @param {File} file
 * @param {ImageBitmap} image
 */
async function asPng(file, image) {
    const scale = Math.min(1, MOST_PIXELS / Math.max(image.width, image.height));
    if (file.type === "image/png" && scale === 1) return new Uint8Array(await file.arrayBuffer());
    const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(scale * side)));
    const canvas = make("canvas", { width, height });
    const context = canvas.getContext("2d");
    if (!context) throw new Error("there is no memory for it");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
    /** @type {Blob | null} */
    const blob = await new Promise((done) => canvas.toBlob(done));
    if (!blob) throw new Error("there is no memory for it");
    return new Uint8Array(await blob.arrayBuffer());
}

/**
 * @param {ReadDigit} digit
 * @param {number} width
 * @param {number} height
 * @returns {Found}
 */
function found({ bounds, place, pixels, probabilities, is_digit }, width, height) {
    const longer = Math.max(width, height);
    /** @type {(point: Point) => Point} */
    const onCanvas = ([x, y]) => [(x - width / 2) / longer + 0.5, (y - height / 2) / longer + 0.5];
    const { x, y } = bounds;
    return {
        box: [onCanvas([x, y]), onCanvas([x + bounds.width, y + bounds.height])],
        place: [onCanvas(place[0]), onCanvas(place[1])],
        pixels,
        label: is_digit ? best(probabilities) : null,
    };
}
