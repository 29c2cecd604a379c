// The service worker: keeps the page's files, and MNIST once it has been fetched, so that the page works offline. A classic
// script; the build writes version.js, which tells what there is to keep.

/** @typedef {{ VERSION: string, FILES: string[] }} Version */

/** The page's types know no service workers. */
const worker = /** @type {any} */ (self);
worker.importScripts("version.js");
const { VERSION, FILES } = /** @type {Version} */ (worker);
const PAGE = `digits-${VERSION}`;
/** MNIST never changes. */
const DATA = "digits-mnist";

worker.addEventListener("install", (/** @type {any} */ event) => {
    worker.skipWaiting();
    event.waitUntil(keepPage());
});

worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(forgetOlder()));

worker.addEventListener("fetch", (/** @type {any} */ event) => {
    if (event.request.method === "GET" && event.request.url.startsWith(worker.registration.scope)) {
        event.respondWith(answer(event));
    }
});

/** Where there is no room this version is not installed, the page comes from the network, and the next visit tries again. */
async function keepPage() {
    try {
        const cache = await caches.open(PAGE);
        // What an earlier version left in the browser's own cache is asked about.
        await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
    } catch (error) {
        await caches.delete(PAGE);
        await tellPages(error);
        throw error;
    }
}

async function forgetOlder() {
    const names = (await caches.keys()).filter((name) => name.startsWith("digits-") && name !== PAGE && name !== DATA);
    await Promise.all(names.map((name) => caches.delete(name)));
    await worker.clients.claim();
}

/** @param {any} event */
async function answer(event) {
    const { request } = event;
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    const response = await fetch(request);
    const isData = new URL(request.url).pathname.includes("/mnist/");
    if (response.ok && isData) event.waitUntil(keepData(request, response.clone()));
    return response;
}

/** @param {Request} request @param {Response} response */
async function keepData(request, response) {
    try {
        await (await caches.open(DATA)).put(request, response);
    } catch (error) {
        await tellPages(error);
    }
}

/** @param {unknown} error */
async function tellPages(error) {
    const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
    const pages = await worker.clients.matchAll({ includeUncontrolled: true });
    for (const page of pages) page.postMessage({ kept: false, isFull });
}
