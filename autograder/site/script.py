"""The search: hides units that lack one of the words. Without a script the page is the whole list."""

SCRIPT = """
"use strict";
(() => {
  const form = document.getElementById("find"), words = document.getElementById("words");
  const level = document.getElementById("level"), found = document.getElementById("found");
  const plain = (text) => text.normalize("NFKD").replace(/[\\u0300-\\u036f]/g, "").toLowerCase();
  // Not by the names of the units before and after it.
  const own = (unit) => {
    const copy = unit.cloneNode(true);
    copy.querySelectorAll(".near").forEach((near) => near.remove());
    return copy.textContent;
  };
  const courses = [...document.querySelectorAll("section.course")].map((section) => ({
    section,
    units: [...section.querySelectorAll("article.unit")].map((unit) => ({
      unit, level: unit.dataset.level, text: plain(section.querySelector("h2").textContent + " " + own(unit)),
    })),
  }));
  const total = courses.reduce((sum, course) => sum + course.units.length, 0);
  const search = () => {
    const wanted = plain(words.value).split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const { section, units } of courses) {
      let here = 0;
      for (const { unit, level: its, text } of units) {
        const fits = (!level.value || its === level.value) && wanted.every((word) => text.includes(word));
        unit.parentElement.hidden = !fits;
        here += fits;
      }
      section.hidden = here === 0;
      shown += here;
    }
    const all = wanted.length === 0 && !level.value;
    found.textContent = all ? "" : shown === 0 ? "No unit has all of these words." : `${shown} of ${total} units`;
  };
  words.addEventListener("input", search);
  level.addEventListener("change", search);
  form.addEventListener("submit", (event) => event.preventDefault());
  // A link to a unit that the search hides would lead nowhere.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const target = link && document.getElementById(link.getAttribute("href").slice(1));
    if (target && target.closest("[hidden]")) {
      words.value = level.value = "";
      search();
    }
  });
  form.hidden = false;
  search();
})();
"""
