(function () {
    "use strict";
    const input = document.getElementById("search");
    const list = document.getElementById("found");
    const MOST = 30;
    let at = -1;

    function mark(next) {
        const links = list.querySelectorAll("a");
        if (links.length === 0) return;
        at = (next + links.length) % links.length;
        links.forEach((link, index) => link.classList.toggle("at", index === at));
        links[at].scrollIntoView({ block: "nearest" });
    }

    function close() {
        list.hidden = true;
        at = -1;
        input.setAttribute("aria-expanded", "false");
    }

    function search() {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        list.replaceChildren();
        at = -1;
        if (words.length === 0) return close();
        const fits = ENTRIES.filter((entry) => {
            const text = (entry.text + " " + entry.kind).toLowerCase();
            return words.every((word) => text.includes(word));
        });
        for (const entry of fits.slice(0, MOST)) {
            const item = document.createElement("li");
            const link = document.createElement("a");
            const kind = document.createElement("small");
            link.href = entry.to;
            kind.textContent = entry.kind;
            link.append(kind, entry.text);
            item.append(link);
            list.append(item);
        }
        if (fits.length === 0 || fits.length > MOST) {
            const item = document.createElement("li");
            const note = document.createElement("p");
            note.textContent = fits.length === 0 ? "Nothing found" : "and " + (fits.length - MOST) + " more";
            item.append(note);
            list.append(item);
        }
        list.hidden = false;
        input.setAttribute("aria-expanded", "true");
    }

    input.addEventListener("input", search);
    input.addEventListener("focus", () => { if (input.value) search(); });
    input.addEventListener("keydown", (event) => {
        const links = list.querySelectorAll("a");
        if (event.key === "ArrowDown") { event.preventDefault(); mark(at + 1); }
        else if (event.key === "ArrowUp") { event.preventDefault(); mark(at < 0 ? links.length - 1 : at - 1); }
        else if (event.key === "Enter" && links.length > 0) { links[Math.max(at, 0)].click(); close(); }
        else if (event.key === "Escape") { input.value = ""; close(); }
    });
    document.addEventListener("keydown", (event) => {
        const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
        if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
            event.preventDefault();
            input.focus();
        }
    });
    document.addEventListener("click", (event) => {
        if (!event.target.closest(".search")) close();
    });
})();
