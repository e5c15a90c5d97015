/* Passkeys, and the button that prints. A form with data-passkey asks the browser for a passkey before
   it is sent: "create" makes one, "get" signs with one. The options stand in a JSON element of the
   page (data-options), or are fetched (data-options-url). */
"use strict";

const PROBLEMS = {
  NotAllowedError: "No passkey was used: it was cancelled, or took too long. Try again.",
  InvalidStateError: "This passkey is set up already. Choose another device.",
  SecurityError: "Passkeys do not work at this address.",
};

/* An IP address is no name that a passkey could be bound to. */
function knowsPasskeys() {
  const named = !/^[\d.]+$|^\[/.test(location.hostname);
  return Boolean(window.PublicKeyCredential && window.isSecureContext && named);
}

function tell(problem) {
  const place = document.querySelector("[data-passkey-problem]");
  if (!place) return;
  place.querySelector("p").textContent = problem;
  place.hidden = !problem;
}

async function optionsOf(form) {
  if (form.dataset.options) {
    return JSON.parse(document.getElementById(form.dataset.options).textContent);
  }
  const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no options");
  return answer.json();
}

async function askBrowser(form) {
  const options = await optionsOf(form);
  if (form.dataset.passkey === "get") return webauthnJSON.get(options.request_options);
  const wanted = options.creation_options;
  const alone = form.querySelector("[name=passwordless]").checked;
  const selection = wanted.publicKey.authenticatorSelection;
  selection.residentKey = alone ? "required" : "discouraged";
  selection.requireResidentKey = alone;
  if (alone) selection.userVerification = "required";
  return webauthnJSON.create(wanted);
}

async function send(event) {
  const form = event.target;
  event.preventDefault();
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  tell("");
  try {
    form.elements.credential.value = JSON.stringify(await askBrowser(form));
    form.submit();
  } catch (error) {
    form.removeAttribute("aria-busy");
    tell(PROBLEMS[error.name] || "The browser could not use a passkey. Reload the page and try again.");
  }
}

for (const place of document.querySelectorAll("[data-needs-passkeys]")) {
  place.hidden = !knowsPasskeys();
}
for (const place of document.querySelectorAll("[data-without-passkeys]")) {
  place.hidden = knowsPasskeys();
}
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", send);
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
for (const chosen of document.querySelectorAll("[autofocus]")) {
  if (chosen.offsetParent) chosen.focus();
}
