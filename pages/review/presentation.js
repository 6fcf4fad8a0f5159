// Keeps a slide above the foot of the window: of a long one the type is made smaller. A phone scrolls.
const [FOOT, SMALLEST, PHONE] = [64, 0.4, 640];

export default function () {
  let seen = "";
  const fit = () => {
    const slide = document.querySelector(".st-key-review_slide");
    if (!slide) return;
    const now = `${innerWidth} ${innerHeight} ${slide.innerText}`;
    const isOver = () => slide.getBoundingClientRect().bottom > innerHeight - FOOT;
    if (innerWidth <= PHONE) slide.style.zoom = 1;
    if (innerWidth <= PHONE || (now === seen && !isOver())) return;
    seen = now;
    for (let size = 1; size >= SMALLEST; size -= 0.05) {
      slide.style.zoom = size;
      if (!isOver()) return;
    }
  };
  const timer = setInterval(fit, 200);
  return () => clearInterval(timer);
}
