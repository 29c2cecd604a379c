// Opens the page in a browser and does what a person does there: draws with the mouse, chooses files, waits for what the
// page shows. It also listens at the wire between the page and its worker, whose messages have the numbers that the page
// rounds. `cargo xtask web-test` tells in the environment where everything is.

import { mkdirSync, mkdtempSync, readFileSync, existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

/** @param {string} name */
function told(name) {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is not set: these tests run by \`cargo xtask web-test\``);
    return value;
}

/** The page's address, with a slash at its end. */
export const address = told("DIGITS_PAGE");
/** A folder for screenshots, and one for files that tests write. */
export const pictures = told("DIGITS_PICTURES");
export const files = mkdtempSync(join(tmpdir(), "digits-web-test-"));
mkdirSync(pictures, { recursive: true });
process.on("exit", () => rmSync(files, { recursive: true, force: true }));

const DESK = { width: 1280, height: 860 };
export const PHONE = { width: 360, height: 740, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/** Nothing that works takes so long, on a slow machine without a GPU either. In milliseconds. */
const PATIENCE = 120_000;

/** Firefox gives its WebGPU to software drivers only when told so. */
export const firefox = () => puppeteer.launch({
    browser: "firefox",
    executablePath: told("FIREFOX"),
    headless: true,
    protocolTimeout: PATIENCE,
    extraPrefsFirefox: {
        "dom.webgpu.enabled": true,
        "gfx.webgpu.ignore-blocklist": true,
        "browser.download.folderList": 2,
        "browser.download.dir": files,
    },
});

/** Chromium has no adapter on a machine without a GPU, unless it is told to trust its software driver. */
const chromiumWith = (/** @type {string[]} */ ...more) => puppeteer.launch({
    executablePath: told("CHROMIUM"),
    headless: true,
    protocolTimeout: PATIENCE,
    downloadBehavior: { policy: "allow", downloadPath: files },
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", ...more],
});
export const chromium = () => chromiumWith("--enable-unsafe-webgpu");
export const chromiumWithoutGpu = () => chromiumWith("--disable-features=WebGPUService", "--disable-gpu");
