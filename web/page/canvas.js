// The canvas: turns what a mouse, a pen or a finger does into strokes, and paints them, smooth, in the page's colours.

import { block, find } from "./dom.js";

/** @typedef {import("./messages").Point} Point */
/** @typedef {import("./drawing").History} History */

/** A touch that moves less, in sides of the canvas, is a tap on what lies there, where that is a picture. */
const TAP = 0.02;

const canvas = find("canvas", HTMLCanvasElement);
const hint = block("hint");

/** The pointer that draws. */
let pen = -1;

/** Whether the pen touches. */
export const isDrawing = () => pen !== -1;

/**
 * Draws into `history` what pointers do. `changed` is told of every change, `tapped` of taps on a picture.
 * @param {History} history
 * @param {() => void} changed
 * @param {(at: Point) => void} tapped
 */
export function takePointers(history, changed, tapped) {
    /** @type {Point | null} */
    let tap = null;

    canvas.addEventListener("pointerdown", (event) => {
        if (isDrawing() || event.button !== 0) return;
        // Keeps the focus where it is and the page from being dragged.
        event.preventDefault();
        pen = event.pointerId;
        canvas.setPointerCapture(pen);
        const point = pointOf(event);
        if (history.present.picture) return void (tap = point);
        history.beginStroke(point);
        changed();
    });

    canvas.addEventListener("pointermove", (event) => {
        if (event.pointerId !== pen) return;
        // Every movement since the last frame counts, so that fast strokes stay round.
        const events = event.getCoalescedEvents?.() ?? [];
        for (const point of (events.length ? events : [event]).map(pointOf)) {
            if (tap) {
                if (Math.hypot(point[0] - tap[0], point[1] - tap[1]) < TAP) continue;
                history.beginStroke(tap);
                tap = null;
            }
            history.extendStroke(point);
        }
        if (!tap) changed();
    });

    const lift = (/** @type {PointerEvent} */ event) => {
        if (event.pointerId !== pen) return;
        pen = -1;
        if (tap && event.type === "pointerup") tapped(tap);
        tap = null;
    };
    for (const type of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
        canvas.addEventListener(type, lift);
    }
}

/**
 * Paints what lies on the canvas.
 * @param {History} history
 */
export function paint(history) {
    const context = canvas.getContext("2d");
    if (!context) return;
    const side = Math.max(1, Math.round(canvas.clientWidth * Math.min(devicePixelRatio, 3)));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const { strokes, picture } = history.present;
    context.setTransform(side, 0, 0, side, 0, 0);
    context.clearRect(0, 0, 1, 1);
    if (picture?.image) {
        const longer = Math.max(picture.width, picture.height);
        const [width, height] = [picture.width / longer, picture.height / longer];
        context.imageSmoothingEnabled = longer > 56;
        context.drawImage(picture.image, (1 - width) / 2, (1 - height) / 2, width, height);
    }
    context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = history.pen;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    strokes.forEach((points) => trace(context, points));
    context.stroke();
    describe(history);
}

/** Paints anew where the canvas changes its size or the system its colours. @param {() => void} repaint */
export function onAppearance(repaint) {
    new ResizeObserver(repaint).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
}

/**
 * Parabolas through the midpoints, the curve that the network's input is made from as well.
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} points
 */
function trace(context, points) {
    const [first, ...rest] = points;
    const last = points[points.length - 1];
    context.moveTo(...first);
    rest.forEach(([x, y], at) => {
        const [nextX, nextY] = rest[at + 1] ?? last;
        const [midX, midY] = [(x + nextX) / 2, (y + nextY) / 2];
        if (at === 0) context.lineTo((first[0] + x) / 2, (first[1] + y) / 2);
        context.quadraticCurveTo(x, y, midX, midY);
    });
    // A line to where the pen already is makes a dot.
    context.lineTo(...last);
}

/** @param {PointerEvent} event @returns {Point} */
function pointOf(event) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const inside = (/** @type {number} */ at) => Math.min(1, Math.max(0, at));
    return [inside((event.clientX - left) / width), inside((event.clientY - top) / height)];
}

/** For those who cannot see it. @param {History} history */
function describe({ present: { strokes, picture }, isEmpty }) {
    const count = strokes.length === 1 ? "one stroke" : `${strokes.length} strokes`;
    const what = picture ? `the picture ${picture.name}` : strokes.length ? count : "empty";
    canvas.setAttribute("aria-label", `Canvas: ${what}`);
    hint.hidden = !isEmpty;
}
