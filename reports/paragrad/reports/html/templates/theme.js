// The reader's choice of light or dark is kept where the browser allows it; without one, the system's is followed.
const kept = (() => { try { return localStorage.getItem("paragrad-theme"); } catch { return null; } })();
if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;

function offerTheme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (document.documentElement.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const name = () => {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", dark() ? "Change to light colours" : "Change to dark colours");
  };
  button.addEventListener("click", () => {
    const next = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("paragrad-theme", next); } catch { /* not kept, then */ }
    name();
  });
  system.addEventListener("change", name);
  button.hidden = false;
  name();
}

function followReading() {
  const links = new Map([...document.querySelectorAll(".contents a")].map(a => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const a of links.values()) a.removeAttribute("aria-current");
      links.get(entry.target.getAttribute("aria-labelledby"))?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  for (const section of document.querySelectorAll("main > section")) seen.observe(section);
}

// What a link leads to may be folded away or filtered out.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let at = target; at; at = at.parentElement) {
    if (at.hidden) at.hidden = false;
    if (at.tagName === "DETAILS") at.open = true;
  }
  target.scrollIntoView({ block: "center" });
}

document.addEventListener("DOMContentLoaded", () => {
  offerTheme();
  document.querySelectorAll(".table-block").forEach(fillRows);
  document.querySelectorAll(".table-block").forEach(offerTable);
  document.querySelectorAll(".plot").forEach(plot => plot.dataset.matrix ? readMatrix(plot) : readPlot(plot));
  document.querySelectorAll(".stepper").forEach(offerStepper);
  offerCopies();
  followReading();
  if (location.hash) reveal();
  addEventListener("hashchange", reveal);
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.code:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
});
