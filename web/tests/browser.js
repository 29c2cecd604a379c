// Opens the page in a browser and does what a person does there: draws with the mouse, chooses files, waits for what the
// page shows. It also listens at the wire between the page and its worker, whose messages have the numbers that the page
// rounds. `cargo xtask web-test` tells in the environment where everything is.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import puppeteer from "puppeteer-core";

/** @param {string} name */
export function told(name) {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is not set: \`cargo xtask web-test\` runs these tests`);
    return value;
}

/** The page's address, with a slash at its end. */
export const address = told("DIGITS_PAGE");

/** A folder for what tests write and browsers download. */
export const folder = mkdtempSync(join(tmpdir(), "digits-web-test-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

export const DESK = { width: 1280, height: 860 };
export const PHONE = { width: 360, height: 740, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/** In milliseconds: nothing that works takes so long, not even without a GPU on a machine that has more to do. */
const PATIENCE = 180_000;

/** Firefox lends WebGPU its software driver only when it is told to. */
export const firefox = () => puppeteer.launch({
    browser: "firefox",
    executablePath: told("FIREFOX"),
    headless: true,
    protocolTimeout: PATIENCE,
    extraPrefsFirefox: {
        "dom.webgpu.enabled": true,
        "gfx.webgpu.ignore-blocklist": true,
        "browser.download.folderList": 2,
        "browser.download.dir": folder,
        // It takes the keys.
        "browser.download.alwaysOpenPanel": false,
    },
});

const chromiumWith = (/** @type {string} */ flag) => puppeteer.launch({
    executablePath: told("CHROMIUM"),
    headless: true,
    protocolTimeout: PATIENCE,
    downloadBehavior: { policy: "allow", downloadPath: folder },
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", flag],
});

/** Chromium, too. */
export const chromium = () => chromiumWith("--enable-unsafe-webgpu");

/** Chromium as on a machine without a GPU, which has WebGPU but nothing that it runs on. */
export const chromiumWithoutGpu = () => chromiumWith("--disable-gpu");

/** Runs in the page before its own scripts: keeps what goes through the wire, with the time. */
function listenAtTheWire() {
    const wire = { asked: [], answered: [] };
    Object.assign(window, { wire });
    window.Worker = class extends Worker {
        constructor(...of) {
            super(...of);
            this.addEventListener("message", ({ data }) => {
                // Thousands of numbers each, up to thirty times a second.
                const { maps, saliency, filters, input, mistakes, ...kept } = data;
                wire.answered.push({ ...kept, at: performance.now() });
            });
        }
        postMessage(ask, transferred) {
            wire.asked.push({ ask: ask.ask, number: ask.number, at: performance.now() });
            super.postMessage(ask, transferred);
        }
    };
}

/** A tab with the page. */
export class Visit {
    /** What went wrong in the page, which is never to be expected. @type {string[]} */
    errors = [];

    /** @param {import("puppeteer-core").Page} page */
    constructor(page) {
        this.page = page;
        page.on("pageerror", (error) => this.errors.push(error instanceof Error ? error.message : String(error)));
        page.on("console", (message) => void (message.type() === "error" && this.errors.push(message.text())));
    }

    /**
     * Opens the page in a new tab of this size, in light or dark colours.
     * @param {import("puppeteer-core").Browser | import("puppeteer-core").BrowserContext} browser
     * @param {{ viewport?: import("puppeteer-core").Viewport, scheme?: string, from?: string }} [options]
     */
    static async open(browser, { viewport = DESK, scheme, from = address } = {}) {
        const page = await browser.newPage();
        page.setDefaultTimeout(PATIENCE);
        await page.setViewport(viewport);
        if (scheme) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        await page.evaluateOnNewDocument(listenAtTheWire);
        const visit = new Visit(page);
        await page.goto(from, { waitUntil: "domcontentloaded" });
        return visit;
    }

    /** Ends the visit, in which nothing may have gone wrong unseen. */
    async end() {
        await this.page.close();
        assert.deepEqual(this.errors, []);
    }

    /**
     * Waits until `holds` is true in the page.
     * @param {(...of: any[]) => unknown} holds
     * @param {...any} of
     */
    async until(holds, ...of) {
        await this.page.waitForFunction(holds, { polling: 50 }, ...of);
    }

    /** Waits until this is what the page's root has for `name`, "engine" and "training" among others. */
    untilState = (/** @type {string} */ name, /** @type {string} */ value) =>
        this.until((name, value) => document.documentElement.dataset[name] === value, name, value);

    untilAnswer = (/** @type {string} */ digits) =>
        this.until((digits) => document.getElementById("answer").dataset.answer === digits, digits);

    /** Waits for a sentence in the status line, and gives all that stands there. */
    async untilSaid(/** @type {string} */ part) {
        await this.until((part) => document.getElementById("status").textContent.includes(part), part);
        return this.text("#status");
    }

    text = (/** @type {string} */ selector) => this.page.$eval(selector, (element) => element.textContent);

    /** What came out of the worker so far, of this kind. */
    answers = (/** @type {string} */ kind) =>
        this.page.evaluate((kind) => window.wire.answered.filter(({ answer }) => answer === kind), kind);

    /**
     * What comes out of the worker because of `cause`: the next answer of one of these kinds.
     * @param {() => unknown} cause
     * @param {...string} kinds
     */
    async answerTo(cause, ...kinds) {
        const before = await this.page.evaluate(() => window.wire.answered.length);
        await cause();
        const next = await this.page.waitForFunction(
            (before, kinds) => window.wire.answered.slice(before).find(({ answer }) => kinds.includes(answer)),
            { polling: 50 }, before, kinds,
        );
        return next.jsonValue();
    }

    /**
     * Points of the canvas, given in its sides, in pixels of the tab.
     * @param {...[number, number]} points
     * @returns {Promise<[number, number][]>}
     */
    async at(...points) {
        const { x, y, width, height } = await (await this.page.$("#canvas")).boundingBox();
        return points.map(([across, down]) => [x + across * width, y + down * height]);
    }

    /**
     * Draws a stroke with the mouse.
     * @param {[number, number][]} points
     * @param {number} steps movements from a point to the next
     */
    async draw(points, steps = 4) {
        const [first, ...rest] = await this.at(...points);
        await this.page.mouse.move(...first);
        await this.page.mouse.down();
        for (const point of rest) await this.page.mouse.move(...point, { steps });
        await this.page.mouse.up();
    }

    /** Presses the last key while the others are held. */
    async press(/** @type {import("puppeteer-core").KeyInput[]} */ ...keys) {
        const { keyboard } = this.page;
        const held = keys.slice(0, -1);
        for (const key of held) await keyboard.down(key);
        await keyboard.press(keys[keys.length - 1]);
        for (const key of held) await keyboard.up(key);
    }

    /** Goes on with the tabulator key until the focus is at this element. */
    async tabTo(/** @type {string} */ selector) {
        for (let presses = 0; presses < 60; presses += 1) {
            if (await this.page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
            await this.press("Tab");
        }
        assert.fail(`the tabulator key does not lead to ${selector}`);
    }

    untilCanvas = (/** @type {string} */ what) =>
        this.until((what) => document.getElementById("canvas").ariaLabel === `Canvas: ${what}`, what);

    /** Chooses a file in a dialog that the page opens with a button. */
    async choose(/** @type {"picture" | "model"} */ what, /** @type {string} */ path) {
        await (await this.page.$(`#${what}-file`)).uploadFile(path);
    }

    /** Saves the model, with what `save` does, and gives the path of the file. */
    async saved(/** @type {() => unknown} */ save) {
        const path = join(folder, "digits.safetensors");
        await rm(path, { force: true });
        await save();
        await this.#untilDownloaded(path);
        return path;
    }

    /** Browsers write what they download under another name, and give it its own when it is whole. */
    async #untilDownloaded(/** @type {string} */ path) {
        const name = basename(path);
        for (const end = Date.now() + PATIENCE; Date.now() < end;) {
            if ((await readdir(folder)).includes(name) && (await readFile(path)).length) return;
            await new Promise((done) => setTimeout(done, 50));
        }
        throw new Error(`${name} was not downloaded`);
    }

    /**
     * Keeps what the tab shows for people to look at.
     * @param {string} name
     * @param {import("puppeteer-core").ScreenshotOptions} [options]
     */
    async shoot(name, options) {
        const place = told("DIGITS_PICTURES");
        mkdirSync(place, { recursive: true });
        await this.page.screenshot({ path: join(place, `${name}.png`), ...options });
    }
}

/** A seven in one stroke, as most people write it. @type {[number, number][]} */
export const SEVEN = [
    [0.28, 0.26], [0.42, 0.25], [0.56, 0.25], [0.72, 0.24], [0.66, 0.42], [0.58, 0.6], [0.52, 0.74], [0.49, 0.86],
];
