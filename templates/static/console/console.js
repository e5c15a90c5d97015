// Copy buttons: <button data-copy="text">. Without the clipboard API (plain http on a network
// address) the text is selected, ready for the keyboard.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  event.preventDefault();
  const said = button.dataset.label || (button.dataset.label = button.textContent);
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    const shown = button.parentElement.querySelector("code, input");
    const range = document.createRange();
    range.selectNodeContents(shown);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (button.textContent = said), 2000);
});

// A button that was pressed is not pressed twice.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-once]")) return;
  for (const button of event.target.querySelectorAll("button")) {
    button.disabled = true;
    button.classList.add("eg-waiting");
  }
});

// Django's fields with two lists explain themselves in pictures that carry a label, as of nothing.
// They are made as the page has loaded.
addEventListener("load", () => setTimeout(() => {
  for (const picture of document.querySelectorAll(".help-tooltip")) picture.setAttribute("role", "img");
}));
