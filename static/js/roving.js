// One of `stops` in `bar` can be reached by Tab; arrows, Home and End go to the others. `arrive` may tell of it.
export function rove(bar, stops, arrive = () => {}) {
  function go(stop) {
    for (const each of stops) each.tabIndex = each === stop ? 0 : -1;
    arrive(stop);
  }
  bar.addEventListener("focusin", ({ target }) => stops.includes(target) && target.tabIndex && go(target));
  bar.addEventListener("keydown", (event) => {
    const at = stops.indexOf(event.target);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: stops.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    stops.at(next % stops.length).focus();
  });
}
