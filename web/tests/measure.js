// How fast the page is: when the first answer comes, and while a stroke grows, what it answers meanwhile, how late, and how
// many frames it shows.

import assert from "node:assert/strict";
import { SEVEN, Visit } from "./browser.js";

/** Movements of the pointer from one point to the next, and the time after each, in milliseconds. */
const [STEPS, PAUSE] = [16, 12];

/** The longest to the first answer, in milliseconds. */
const FIRST = 1000;

/** The fewest frames in a second. */
const FRAMES = 30;

/** What else the machine has to do makes everything slower and nothing faster, so that the best of so many counts. */
const TRIES = 3;

/**
 * A seven that is drawn as soon as the page is there is recognized within a second of the navigation.
 * @param {import("puppeteer-core").Browser} browser
 */
export async function assertFirstAnswer(browser) {
    const times = [];
    while (times.length < TRIES && !times.some((time) => time < FIRST)) {
        // Nothing is left in it of an earlier visit.
        const context = await browser.createBrowserContext();
        const visit = await Visit.open(context);
        await visit.draw(SEVEN, 1);
        await visit.untilAnswer("7");
        times.push((await visit.answers("recognized"))[0].at);
        await visit.end();
        await context.close();
    }
    const last = times[times.length - 1];
    assert.ok(last < FIRST, `the first answer came after ${times} ms`);
    return `first answer ${last.toFixed(0)} ms after the navigation began`;
}

/**
 * While a stroke grows, the GPU answers within `longest` milliseconds, as a rule, and there are 30 frames in every second.
 * @param {Visit} visit
 * @param {number} longest
 */
export async function assertFluent(visit, longest) {
    // What the browser compiles late it has compiled then.
    await drawSlowly(visit, SEVEN);
    const drawn = [];
    const isFluent = () => {
        const last = drawn[drawn.length - 1];
        return last && quantile(last.times, 0.5) <= longest && last.frames >= FRAMES;
    };
    while (drawn.length < TRIES && !isFluent()) {
        await visit.press("Escape");
        drawn.push(await drawSlowly(visit, SEVEN));
    }
    assert.ok(isFluent(), drawn.map(inWords).join("\n"));
    return inWords(drawn[drawn.length - 1]);
}

/** @param {Awaited<ReturnType<typeof drawSlowly>>} drawn */
function inWords({ times, ages, frames }) {
    const share = (/** @type {number[]} */ of) =>
        `${quantile(of, 0.5).toFixed(0)} ms (median) and ${quantile(of, 0.95).toFixed(0)} ms (95 %)`;
    return `${times.length} answers while a stroke grew, after ${share(times)}; a movement of the pointer is known after ` +
        `${share(ages)}; ${frames} frames in the worst second`;
}

/**
 * Draws a stroke about as fast as a hand does, and gives in milliseconds how long the answers took that came meanwhile, and
 * how old each movement of the pointer was when the first answer came that knew of it; and the fewest frames in a second.
 * @param {Visit} visit
 * @param {[number, number][]} points
 */
async function drawSlowly(visit, points) {
    const { mouse } = visit.page;
    const [start, ...rest] = await visit.at(points[0], ...between(points));
    await mouse.move(...start);
    await visit.page.evaluate(watch);
    await mouse.down();
    for (const point of rest) {
        await mouse.move(...point);
        await new Promise((done) => setTimeout(done, PAUSE));
    }
    await mouse.up();
    await visit.until(() => {
        const { watched: { end, movements }, wire: { asked, answered } } = window;
        const { number } = asked.find(({ ask, at }) => ask === "recognize" && at >= movements[movements.length - 1]) ?? {};
        return end && answered.some((of) => of.answer === "recognized" && of.number >= number);
    });
    const watched = await visit.page.evaluate(() => ({ ...window.watched, ...window.wire }));
    const asked = watched.asked.filter(({ ask }) => ask === "recognize");
    const answered = watched.answered.filter(({ answer, at }) => answer === "recognized" && at > watched.start);
    const meanwhile = answered.filter(({ at }) => at < watched.end);
    assert.ok(meanwhile.length >= 5 && meanwhile.every(({ by }) => by === "gpu"), "the GPU answers while the stroke grows");
    const ages = watched.movements.map((moved) => {
        const { number: knowing } = asked.find(({ at }) => at >= moved);
        return answered.find(({ number }) => number >= knowing).at - moved;
    });
    const times = meanwhile.map(({ milliseconds }) => milliseconds);
    return { times, ages, frames: fewest(watched.frames.filter((at) => at < watched.end)) };
}

/** Points on the lines between these, close to one another. @param {[number, number][]} points */
function between(points) {
    return points.slice(1).flatMap(([x, y], at) => Array.from({ length: STEPS }, (_, step) => {
        const [part, [fromX, fromY]] = [(step + 1) / STEPS, points[at]];
        return /** @type {[number, number]} */ ([fromX + part * (x - fromX), fromY + part * (y - fromY)]);
    }));
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
function quantile(/** @type {number[]} */ values, /** @type {number} */ part) {
    return [...values].sort((a, b) => a - b)[Math.ceil(part * values.length) - 1];
}

/** The fewest frames in any whole second. */
function fewest(/** @type {number[]} */ frames) {
    const starts = frames.filter((at) => at + 1000 <= frames[frames.length - 1]);
    assert.ok(starts.length > 0, "the stroke takes longer than a second");
    return Math.min(...starts.map((start) => frames.filter((at) => at >= start && at < start + 1000).length));
}
