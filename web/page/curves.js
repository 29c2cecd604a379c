// A chart of curves that grow, as SVG: axes with labels, each curve with its name at its end.

import { draw } from "./dom.js";

/**
 * A curve's points are where they are on the x axis, in epochs, and their values.
 * @typedef {{ name: string, style: "thin" | "thick", points: [number, number][] }} Curve
 */
/**
 * @typedef {object} Axes
 * @property {string} title
 * @property {number} epochs
 * @property {number[]} ticks what the y axis is marked with, from its least to its greatest value
 * @property {boolean} [isLogarithmic]
 * @property {(value: number) => string} format
 */

const [WIDTH, HEIGHT] = [400, 190];
const [LEFT, RIGHT, TOP, BOTTOM] = [56, 20, 12, 30];

/**
 * @param {Axes} axes
 * @param {Curve[]} curves
 */
export function chart({ title, epochs, ticks, isLogarithmic, format }, curves) {
    const scale = isLogarithmic ? Math.log : Number;
    const [least, greatest] = [scale(ticks[0]), scale(ticks[ticks.length - 1])];
    const x = (/** @type {number} */ epoch) => LEFT + ((WIDTH - LEFT - RIGHT) * epoch) / epochs;
    const y = (/** @type {number} */ value) => {
        const share = (scale(value) - least) / (greatest - least);
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(1, Math.max(0, share)));
    };
    const lines = ticks.flatMap((tick) => [
        draw("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }),
        draw("text", { x: LEFT - 8, y: y(tick) + 5, "text-anchor": "end" }, format(tick)),
    ]);
    const marks = wholeNumbers(epochs).map((epoch) =>
        draw("text", { x: x(epoch), y: HEIGHT - 8, "text-anchor": "middle" }, String(epoch)));
    const drawn = curves.filter(({ points }) => points.length > 0);
    const paths = drawn.flatMap(({ style, points }) => {
        const [endX, endY] = points[points.length - 1];
        const path = points.map(([epoch, value]) => `${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
        return [
            draw("path", { class: style, d: `M${path}` }),
            draw("circle", { class: style, cx: x(endX), cy: y(endY), r: style === "thick" ? 4 : 2.5 }),
        ];
    });
    const values = drawn.map(({ name, points }) => `${name} ${format(points[points.length - 1][1])}`);
    const label = `${title} by epoch: ${values.join(", ") || "nothing yet"}`;
    return draw("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
        ...lines, ...marks, ...paths);
}

/** About five whole numbers from 0 to `end`. @param {number} end */
function wholeNumbers(end) {
    const step = Math.max(1, Math.ceil(end / 5));
    return Array.from({ length: Math.floor(end / step) + 1 }, (_, at) => at * step);
}
