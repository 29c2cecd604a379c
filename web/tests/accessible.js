// What axe-core, which checks pages for people who cannot see, hear or point well, finds in the page as it stands.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Nothing that axe-core calls serious or critical is found.
 * @param {import("puppeteer-core").Page} page
 * @param {string} what is shown, for the message
 */
export async function assertAccessible(page, what) {
    await page.evaluate(`window.axe ?? (() => { ${axe} })()`);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    const grave = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
    assert.deepEqual(told, [], what);
}
