// Says so where the page's modules cannot be loaded or break: a classic script, since it must run where they do not.

(() => {
    /** @param {string} sentence */
    const tell = (sentence) => {
        const line = document.createElement("p");
        line.className = "error";
        line.textContent = sentence;
        document.getElementById("status")?.append(line);
    };
    let hasBroken = false;
    addEventListener("error", ({ target, message }) => {
        if (target instanceof HTMLScriptElement) {
            tell("A part of this page could not be loaded: are you offline? Load the page again.");
        } else if (message && !hasBroken) {
            hasBroken = true;
            tell(`Something in this page is broken (${message}): load the page again.`);
        }
    }, true);
    if (!("noModule" in HTMLScriptElement.prototype)) tell("This browser is too old for this page: use a current one.");
})();
