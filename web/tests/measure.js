// How fast the page is while a stroke grows: what it answers meanwhile, how late, and how many frames it shows.

/** @typedef {import("./browser.js").Visit} Visit */

/** Movements of the pointer from one point to the next, and the time between two of them, in milliseconds. */
const [STEPS, BETWEEN] = [16, 8];

/**
 * Draws a stroke about as fast as a hand does, and gives what the page did until it was drawn, in milliseconds: the answers,
 * how old each movement of the pointer was when the first answer came that knew of it, and when each frame was.
 * @param {Visit} visit
 * @param {[number, number][]} points
 */
export async function drawSlowly(visit, points) {
    const { mouse } = visit.page;
    const path = points.slice(1).flatMap(([x, y], at) => Array.from({ length: STEPS }, (_, step) => {
        const [part, [fromX, fromY]] = [(step + 1) / STEPS, points[at]];
        return /** @type {[number, number]} */ ([fromX + part * (x - fromX), fromY + part * (y - fromY)]);
    }));
    const [start, ...rest] = await visit.at(points[0], ...path);
    await mouse.move(...start);
    await visit.page.evaluate(watch);
    await mouse.down();
    for (const point of rest) {
        await mouse.move(...point);
        await new Promise((done) => setTimeout(done, BETWEEN));
    }
    await mouse.up();
    await visit.until(() => window.watched.end && window.wire.answered.some(({ number }) => number === window.wire.asked.at(-1).number));
    const { start: from, end, movements, frames, asked, answered } = await visit.page.evaluate(() => ({ ...window.watched, ...window.wire }));
    const answers = answered.filter(({ answer, at }) => answer === "recognized" && at > from && at < end);
    const ages = movements.map((moved) => {
        const knowing = asked.find(({ ask, at }) => ask === "recognize" && at >= moved);
        const known = answered.find(({ answer, number }) => answer === "recognized" && number >= knowing?.number);
        return known ? known.at - moved : Infinity;
    });
    return { answers, ages, frames: frames.filter((at) => at < end), seconds: (end - from) / 1000 };
}

/** In the page: notes the time of every movement and of every frame, until the pointer is lifted. */
function watch() {
    const watched = { start: performance.now(), end: 0, movements: [], frames: [] };
    Object.assign(window, { watched });
    const canvas = document.getElementById("canvas");
    const move = () => watched.movements.push(performance.now());
    const frame = (/** @type {number} */ at) => {
        watched.frames.push(at);
        if (!watched.end) requestAnimationFrame(frame);
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", () => {
        watched.end = performance.now();
        canvas.removeEventListener("pointermove", move);
    }, { once: true });
    requestAnimationFrame(frame);
}

/** The value that the share `part` of all values is not above. */
export function quantile(/** @type {number[]} */ values, /** @type {number} */ part) {
    return [...values].sort((a, b) => a - b)[Math.ceil(part * values.length) - 1];
}

/** The fewest frames in any whole second. */
export function fewestFrames(/** @type {number[]} */ frames) {
    const seconds = frames.filter((at) => at + 1000 <= frames[frames.length - 1]);
    return Math.min(...seconds.map((start) => frames.filter((at) => at >= start && at < start + 1000).length));
}
