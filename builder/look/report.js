/* SPDX-License-Identifier: Apache-2.0
 *
 * What the report can do beyond being read: search and sort its packages, zoom into its treemaps. The page is whole without.
 */
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);

  /* ---- search ---- */

  const searchable = (table) => {
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map((row) => [...row.cells].slice(0, 3).map((cell) => cell.textContent).join("\n").toLowerCase());
    const box = $("find");
    const find = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !words.every((word) => texts[i].includes(word));
        shown += !row.hidden;
      });
      $("found").textContent = words.length ? `${shown} of ${rows.length}` : "";
    };
    $("search").hidden = false;
    box.addEventListener("input", find);
    find();
  };

  /* ---- sorting ---- */

  const keyOf = (cell) => cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });

  const sortBy = (table, head) => {
    const column = head.cellIndex;
    const up = head.hasAttribute("aria-sort") ? head.getAttribute("aria-sort") === "descending" : !head.classList.contains("n");
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row.cells[column]), row]);
    rows.sort((a, b) => (up ? 1 : -1) * compare(a[0], b[0]));
    table.tBodies[0].append(...rows.map((pair) => pair[1]));
  };

  const sortable = (table) => {
    for (const head of table.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sortBy(table, head));
    }
  };

  /* ---- treemaps ---- */

  const HEAD = 18, MARGIN = 2;

  /* The parts of a map as the SVG has them: {element, name, bytes, size, parts ...}. */
  const partOf = (element) => {
    const inside = element.querySelector(":scope > .in");
    const parts = inside ? partsIn(inside) : [];
    const bytes = parts.length ? parts.reduce((sum, part) => sum + part.bytes, 0) : Number(element.dataset.b);
    const title = element.querySelector(":scope > title").textContent;
    return { element, inside, parts, bytes, title, name: element.dataset.n, size: title.slice(title.lastIndexOf(": ") + 2).split(",")[0] };
  };
  const partsIn = (svg) => [...svg.children].filter((child) => child.tagName === "svg").map(partOf);

  const place = (element, x, y, width, height) => {
    element.setAttribute("x", x.toFixed(1));
    element.setAttribute("y", y.toFixed(1));
    element.setAttribute("width", Math.max(width, 0).toFixed(1));
    element.setAttribute("height", Math.max(height, 0).toFixed(1));
  };

  const worst = (row, sum, side) => {
    const a = row[0].area, b = row[row.length - 1].area;
    return Math.max((side * side * a) / (sum * sum), (sum * sum) / (side * side * b));
  };

  /* As treemap.h does it, but for the room that there really is. */
  const squarify = (parts, width, height, put) => {
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const left = parts.filter((part) => part.bytes > 0).map((part) => ({ part, area: (part.bytes / bytes) * width * height }));
    let x = 0, y = 0;
    while (left.length) {
      const side = Math.max(Math.min(width, height), 1e-6);
      const row = [left.shift()];
      let sum = row[0].area;
      while (left.length && worst([...row, left[0]], sum + left[0].area, side) <= worst(row, sum, side)) {
        sum += left[0].area;
        row.push(left.shift());
      }
      const thick = sum / side, upright = width >= height;
      let at = 0;
      for (const { part, area } of row) {
        const long = area / thick;
        put(part, upright ? [x, y + at, thick, long] : [x + at, y, long, thick]);
        at += long;
      }
      if (upright) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    }
  };

  const pen = document.createElement("canvas").getContext("2d");
  const lengthOf = (text, bold) => {
    pen.font = `${bold ? 600 : 400} 11px ${getComputedStyle(document.body).fontFamily}`;
    return pen.measureText(text).width;
  };

  /* What fits of: the name with its size, the name, the last folders of it; at last its beginning. */
  const wording = (part, room) => {
    const bold = part.parts.length > 0;
    const folders = part.name.split("/");
    const tails = folders.map((_, i) => folders.slice(i).join("/")).slice(1).filter(Boolean);
    const names = bold ? [part.name, ...tails.map((tail, i) => i === tails.length - 1 ? tail : `…/${tail}`)] : [folders.pop()];
    const text = [`${names[0]} ${part.size}`, ...names].find((candidate) => lengthOf(candidate, bold) <= room);
    if (text) return text;
    const last = names[names.length - 1];
    const fits = Math.floor(last.length * room / lengthOf(last, bold)) - 2;
    return fits > 3 ? `${last.slice(0, fits)}…` : "";
  };

  const label = (part, width, height) => {
    let text = part.element.querySelector(":scope > text");
    const words = height >= HEAD && width > 24 ? wording(part, width - 9) : "";
    if (!text && words) {
      text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      part.element.querySelector(":scope > rect").after(text);
    }
    if (text) text.textContent = words;
    return words !== "";
  };

  /* Lays what is in @part out in its room. */
  const layOut = (part, width, height) => {
    const headed = part.element && label(part, width, part.parts.length && height < 40 ? 0 : height);
    if (!part.inside) return;
    if (headed) {
      width -= 2 * MARGIN;
      height -= HEAD + MARGIN;
    }
    if (part.element) place(part.inside, headed ? MARGIN : 0, headed ? HEAD : 0, width, height);
    squarify(part.parts, width, height, (child, [x, y, w, h]) => {
      place(child.element, x, y, w, h);
      layOut(child, w, h);
    });
  };

  const zoomable = (map) => {
    const svg = map.querySelector("svg");
    const whole = { element: null, inside: svg, parts: partsIn(svg), name: svg.closest("#map-package") ? "all packages" : "/" };
    const byElement = new Map();
    const index = (part) => {
      if (part.element) byElement.set(part.element, part);
      for (const child of part.parts) { child.parent = part; index(child); }
    };
    index(whole);

    const trail = document.createElement("div");
    trail.className = "trail";
    const details = document.createElement("output");
    svg.before(trail);
    map.classList.add("zooms");
    svg.setAttribute("role", "group");
    svg.setAttribute("tabindex", "-1");
    let current = whole;

    const path = () => {
      const steps = [];
      for (let part = current; part; part = part.parent) steps.unshift(part);
      return steps;
    };
    const crumb = (part, last) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = part.name;
      button.disabled = last;
      button.addEventListener("click", () => zoom(part));
      return button;
    };
    const showTrail = () => {
      const steps = path();
      trail.replaceChildren(...steps.flatMap((part, i) => i ? ["›", crumb(part, i === steps.length - 1)] : [crumb(part, i === steps.length - 1)]), details);
    };

    /* Of the elements only those on the way to the current part, and what is in it, are to be seen. */
    const draw = () => {
      const { width, height } = svg.getBoundingClientRect();
      if (!width) return;
      const way = new Set(path());
      for (const part of way) {
        for (const child of part.parts) child.element.style.display = part === current || way.has(child) ? "" : "none";
        if (part.element) place(part.element, 0, 0, width, height);
        if (part.element && part !== current) {
          place(part.inside, 0, 0, width, height);
          label(part, 0, 0);
        }
      }
      layOut(current, width, height);
    };
    const reachable = () => {
      for (const part of byElement.values()) {
        const opens = part.parent === current && part.parts.length > 0;
        if (opens) {
          part.element.setAttribute("tabindex", "0");
          part.element.setAttribute("role", "button");
          part.element.setAttribute("aria-label", `${part.title}. Zoom in`);
        } else for (const name of ["tabindex", "role", "aria-label"]) part.element.removeAttribute(name);
      }
    };
    const zoom = (part) => {
      current = part;
      details.textContent = part.title || "";
      showTrail();
      reachable();
      draw();
    };

    const innermost = (event) => {
      for (let element = event.target.closest("svg"); element && element !== svg; element = element.parentElement.closest("svg"))
        if (byElement.has(element)) return byElement.get(element);
      return null;
    };
    /* What had the focus may not be there any more: the next Tab or Escape is for what is there now. */
    const zoomHere = (part) => {
      zoom(part);
      svg.focus({ preventScroll: true });
    };
    /* A click leads one step further down, to what was clicked on. */
    svg.addEventListener("click", (event) => {
      let part = innermost(event);
      while (part && part.parent !== current) part = part.parent;
      if (part && part.parts.length) zoomHere(part);
    });
    svg.addEventListener("keydown", (event) => {
      const part = byElement.get(event.target);
      if (part && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); zoomHere(part); }
    });
    map.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && current.parent) zoomHere(current.parent);
    });
    svg.addEventListener("pointermove", (event) => {
      const part = innermost(event);
      details.textContent = part ? part.title : current.title || "";
    });
    svg.addEventListener("pointerleave", () => { details.textContent = current.title || ""; });
    new ResizeObserver(draw).observe(svg);
    zoom(whole);
  };

  const packages = $("package-table");
  if (packages) { searchable(packages); sortable(packages); }
  document.querySelectorAll(".map").forEach(zoomable);
})();
