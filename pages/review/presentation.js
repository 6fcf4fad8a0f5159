// Keeps a slide above the foot of the window: of a long one the type is made smaller. A chart has the
// height that is left, and a phone scrolls.
const [FOOT, SMALLEST, PHONE] = [64, 0.4, 640];

export default function () {
  let [seen, until] = ["", 0];
  const fit = () => {
    const slide = document.querySelector(".st-key-review_slide");
    if (!slide) return;
    const now = `${innerWidth} ${innerHeight} ${slide.innerText}`;
    const isOver = () => slide.getBoundingClientRect().bottom > innerHeight - FOOT;
    const isFree = innerWidth <= PHONE || slide.querySelector('[class*="st-key-review_chart_"]');
    // What is new may still be growing, or shrinking.
    if (now !== seen) [seen, until] = [now, Date.now() + 3000];
    if (isFree) slide.style.zoom = 1;
    if (isFree || (Date.now() > until && !isOver())) return;
    for (let size = 1; size >= SMALLEST; size -= 0.05) {
      slide.style.zoom = size;
      if (!isOver()) return;
    }
  };
  const timer = setInterval(fit, 200);
  return () => clearInterval(timer);
}
