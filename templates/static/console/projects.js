// A project's settings: what a colour, a name or a logo would look like, while it is being chosen.
// Whether a colour can be read, and what is made of it, the server says: it decides on saving too.
const brand = document.querySelector("[data-brand]");
const color = document.querySelector("input[name=accent_color]");
const all = (name) => document.querySelectorAll(`[data-brand-${name}]`);

function paint(scheme, properties) {
  for (const place of document.querySelectorAll(`.scheme-${scheme}`)) {
    for (const [name, value] of Object.entries(properties)) place.style.setProperty(name, value);
  }
}

function tell(told) {
  const [verdict] = all("verdict");
  verdict.classList.toggle("eg-good", told.passes);
  verdict.classList.toggle("eg-bad", !told.passes);
  all("badge")[0].textContent = !told.passes ? "Not readable" : told.color ? "Readable" : "Default";
  all("words")[0].textContent = told.words;
  const [use] = all("use");
  use.hidden = !told.suggestion;
  use.dataset.brandUse = told.suggestion;
  use.textContent = `Use ${told.suggestion}`;
  if (told.color) all("picker")[0].value = told.color;
  paint("light", told.light);
  paint("dark", told.dark);
}

let asked = 0;
let waiting;
function judge() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const number = ++asked;
    const query = new URLSearchParams({ color: color.value });
    const answer = await fetch(`${brand.dataset.brand}?${query}`).catch(() => null);
    // An answer that was overtaken by a later one says nothing any more.
    if (answer?.ok && number === asked) tell(await answer.json());
  }, 120);
}

function choose(value) {
  color.value = value;
  judge();
}

if (brand && color) {
  color.addEventListener("input", judge);
  all("picker")[0].addEventListener("input", (event) => choose(event.target.value));
  all("use")[0].addEventListener("click", (event) => choose(event.target.dataset.brandUse));
}

const name = document.querySelector("#project_form input[name=name]");
name?.addEventListener("input", () => {
  const words = name.value.trim().split(/\s+/);
  for (const place of all("name")) place.textContent = name.value;
  for (const place of all("initials")) place.textContent = (words[0]?.[0] ?? "") + (words[1]?.[0] ?? "");
});

const logo = document.querySelector("input[name=logo]");
const removed = document.querySelector("input[name=remove_logo]");
const stored = all("logo")[0]?.getAttribute("src");
let chosen = "";
function showLogo() {
  const shown = chosen || (removed?.checked ? "" : stored);
  for (const place of all("logo")) {
    place.hidden = !shown;
    if (shown) place.src = shown;
  }
  for (const place of all("initials")) place.hidden = Boolean(shown);
}
function readLogo(event) {
  if (event.target !== logo) return;
  // The theme's script would write the file's name into a text field beside it; there is none.
  event.stopPropagation();
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    chosen = reader.result;
    showLogo();
  });
  chosen = "";
  // The page's policy lets pictures of its own host and data: in.
  if (logo.files[0]) reader.readAsDataURL(logo.files[0]);
  else showLogo();
}
logo?.parentElement.addEventListener("change", readLogo, { capture: true });
removed?.addEventListener("change", showLogo);
