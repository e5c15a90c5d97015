// Filters the list of toolkits while one types, as the server does by GET. A row's data-text is in
// lower case; the address follows, so that coming back finds the same list.
const form = document.querySelector("form[data-toolkits]");
const rows = [...document.querySelectorAll("[data-text]")];
const found = document.querySelector("[data-found]");
const none = document.querySelector("[data-none]");

function filter() {
  const words = form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
  const category = form.category.value;
  let count = 0;
  for (const row of rows) {
    const fits = (!category || row.dataset.category === category)
      && words.every((word) => row.dataset.text.includes(word));
    row.hidden = !fits;
    count += fits;
  }
  found.textContent = count;
  none.hidden = count > 0;
  const query = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

form.querySelector("button").hidden = true;
form.addEventListener("input", filter);
// Enter opens what is left where that is one toolkit.
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const left = rows.filter((row) => !row.hidden);
  if (left.length === 1) left[0].querySelector("a").click();
});
