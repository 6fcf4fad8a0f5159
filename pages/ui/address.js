export default function ({ data, parentElement }) {
  const [button, box] = ["button", "input"].map((name) => parentElement.querySelector(name));
  button.onclick = async () => {
    box.value = location.href;
    // Without HTTPS there is no clipboard: the address is shown, selected.
    const isCopied = await navigator.clipboard?.writeText(box.value).then(() => true, () => false);
    box.hidden = Boolean(isCopied);
    box.select();
    button.textContent = isCopied ? "Copied" : "Copy this:";
  };
  if (!data.opened) return;

  // What is filled in is no step of its own: Back would lead to the same page again.
  // An address that the browser has left meanwhile is not filled into the next one.
  const parts = location.search.slice(1).split("&");
  const embed = parts.filter((part) => part.startsWith("embed"));
  const own = new URLSearchParams(parts.filter((part) => !part.startsWith("embed")).join("&"));
  const whole = [...embed, data.opened].join("&");
  const isSent = `${own}` === `${new URLSearchParams(data.sent)}`;
  // An address of old names a step of the page behind #: its button shows it.
  const named = CSS.escape(location.hash.slice(1));
  const step = named && document.querySelector(`[class*="_step_${named}"] button`);
  if (isSent) history.replaceState(history.state, "", `?${whole}${step ? "" : location.hash}`);
  if (step) step.click();
}
