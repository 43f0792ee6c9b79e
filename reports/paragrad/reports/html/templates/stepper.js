// Shows one recorded step after the other: nothing is computed here, every number is on the page already.
const PACE = 1400;

function offerStepper(stepper) {
  const steps = [...stepper.querySelectorAll(".step")];
  if (!steps.length) return;
  const drawn = stepper.querySelector(".drawn");
  const slider = stepper.querySelector(".slider");
  const counter = stepper.querySelector(".counter");
  const play = stepper.querySelector("[data-go=play]");
  const parts = steps.map(step => ({
    node: drawn.querySelector(`.${step.dataset.node}`),
    edges: step.dataset.edges.split(" ").filter(Boolean).map(name => drawn.querySelector(`.${name}`)),
  }));
  let at = 0;
  let timer = null;

  const light = () => {
    for (const lit of drawn.querySelectorAll(".valued, .graded, .flowed, .current")) {
      lit.classList.remove("valued", "graded", "flowed", "current");
    }
    for (let k = 0; k <= at; k++) {
      const back = steps[k].classList.contains("backward");
      parts[k].node.classList.add(back ? "graded" : "valued");
      for (const edge of parts[k].edges) edge.classList.add(back ? "flowed" : "valued");
    }
    for (const part of [parts[at].node, ...parts[at].edges]) part.classList.add("current");
    drawn.dataset.phase = steps[at].classList.contains("backward") ? "backward" : "forward";
    centre(drawn, parts[at].node);
  };
  const show = (k, aloud = true) => {
    steps[at].hidden = true;
    at = Math.min(Math.max(k, 0), steps.length - 1);
    steps[at].hidden = false;
    slider.value = at;
    const { counter: words, told } = steps[at].dataset;
    slider.setAttribute("aria-valuetext", words);
    counter.textContent = words;
    for (const [way, end] of [["first", 0], ["back", 0], ["next", steps.length - 1], ["last", steps.length - 1]]) {
      stepper.querySelector(`[data-go=${way}]`).setAttribute("aria-disabled", at === end);
    }
    light();
    if (aloud) tell(told);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  };
  const start = () => {
    if (at === steps.length - 1) show(0);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      show(at + 1);
      if (at === steps.length - 1) stop();
    }, PACE);
  };
  const go = way => {
    const playing = timer !== null;
    stop();
    if (way === "play") { if (!playing) start(); return; }
    const ways = { first: 0, back: at - 1, next: at + 1, last: steps.length - 1 };
    show(ways[way] ?? steps.findIndex(step => step.id === way));
  };

  for (const button of stepper.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => go(button.dataset.go));
  }
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  drawn.addEventListener("click", event => {
    const node = event.target.closest?.(".node");
    const back = steps[at].classList.contains("backward");
    const found = steps.findLastIndex((step, k) => parts[k].node === node && (back || step.classList.contains("forward")));
    if (found >= 0) { stop(); show(found); }
  });
  document.addEventListener("keydown", event => {
    const ways = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last" };
    const here = document.activeElement;
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (!plain || !(event.key in ways) || here === slider || event.defaultPrevented) return;
    const within = here.closest(".steering, .drawn");
    // Elsewhere on the page the ends of the page are meant, and a table may scroll sideways.
    if (!within && !(here === document.body && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    go(ways[event.key]);
  });
  addEventListener("hashchange", () => {
    const found = steps.findIndex(step => step.id === location.hash.slice(1));
    if (found < 0) return;
    stop();
    show(found);
    for (const step of steps) step.hidden = step !== steps[at];
    stepper.scrollIntoView({ block: "start" });
  });

  const whole = stepper.querySelector(".whole");
  whole.addEventListener("click", () => {
    whole.setAttribute("aria-pressed", drawn.classList.toggle("fit"));
    light();
  });

  drawn.classList.add("live");
  stepper.querySelector(".steering").hidden = false;
  stepper.querySelector(".panels-of-steps").hidden = false;
  stepper.querySelector(".every-step").open = false;
  const linked = steps.findIndex(step => step.id === location.hash.slice(1));
  show(Math.max(linked, 0), false);
}

// Scrolls a drawing, and not the page, so that a node is in sight.
function centre(drawn, node) {
  const frame = drawn.getBoundingClientRect();
  const box = node.getBoundingClientRect();
  const outside = box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
  if (!outside) return;
  drawn.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  drawn.scrollTop += box.top + box.height / 2 - frame.top - frame.height / 2;
}
