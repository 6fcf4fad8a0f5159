export default function ({ data, parentElement }) {
  const [button, box] = [parentElement.querySelector("button"), parentElement.querySelector("input")]
  button.onclick = async () => {
    box.value = location.href
    // Without HTTPS there is no clipboard: the address is shown, selected.
    const isCopied = await navigator.clipboard?.writeText(box.value).then(() => true, () => false)
    box.hidden = Boolean(isCopied)
    box.select()
    button.textContent = isCopied ? "Copied" : "Copy this:"
  }
  if (!data.opened) return

  // What is filled in is no step of its own: Back would lead to the same page again.
  const here = location.search.slice(1)
  const embed = here.split("&").filter((part) => part.startsWith("embed"))
  const whole = [...embed, data.opened].join("&")
  if (whole !== here) history.replaceState(history.state, "", `?${whole}${location.hash}`)

  // What stands above a section is still growing when the section is there.
  const section = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (!section) return
  const staying = setInterval(() => section.scrollIntoView(), 100)
  const end = () => clearInterval(staying)
  setTimeout(end, 3000)
  for (const kind of ["wheel", "pointerdown", "keydown"]) addEventListener(kind, end, { once: true })
}
