// The tabs: draw, train, check, model. The address keeps which one is open, and arrow keys go from one to the next.

import { button, block } from "./dom.js";

const NAMES = ["draw", "train", "check", "model"];

export function startTabs() {
    for (const [at, name] of NAMES.entries()) {
        const tab = button(`tab-${name}`);
        tab.addEventListener("click", () => open(name));
        tab.addEventListener("keydown", (event) => {
            const to = { ArrowRight: at + 1, ArrowLeft: at + NAMES.length - 1, Home: 0, End: NAMES.length - 1 }[event.key];
            if (to === undefined) return;
            // These keys scroll the page, too.
            event.preventDefault();
            open(NAMES[to % NAMES.length]);
            button(`tab-${NAMES[to % NAMES.length]}`).focus();
        });
    }
    const fromAddress = () => open(NAMES.find((name) => `#${name}` === location.hash) ?? "draw");
    addEventListener("hashchange", fromAddress);
    fromAddress();
}

/** @param {string} opened */
function open(opened) {
    for (const name of NAMES) {
        const tab = button(`tab-${name}`);
        tab.setAttribute("aria-selected", String(name === opened));
        tab.tabIndex = name === opened ? 0 : -1;
        block(`panel-${name}`).hidden = name !== opened;
    }
    document.documentElement.dataset.tab = opened;
    history.replaceState(null, "", opened === "draw" ? location.pathname + location.search : `#${opened}`);
}
