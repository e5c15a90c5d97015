// A job's page brings itself up to date while the job runs. It says itself how often, and when no more.
(() => {
  const look = async () => {
    const shown = document.getElementById("bulk-job");
    const seconds = Number(shown?.dataset.look);
    if (!seconds) return;
    setTimeout(async () => {
      // Nobody's question, menu or selection is taken away while it is open.
      const busy = shown.contains(document.activeElement) && document.activeElement.matches("input, textarea");
      if (!document.hidden && !busy) await renew(shown).catch(() => {});
      look();
    }, seconds * 1000);
  };

  const renew = async (shown) => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("bulk-job");
    if (!fresh) return;
    const focused = document.activeElement?.getAttribute("href") || document.activeElement?.textContent?.trim();
    const old = shown.querySelector("progress")?.value;
    const bar = fresh.querySelector("progress");
    const reached = bar?.value;
    if (bar && old !== undefined) bar.value = old;
    shown.replaceWith(document.importNode(fresh, true));
    restore(focused);
    // The bar moves on from where it was.
    requestAnimationFrame(() => {
      const moved = document.querySelector("#bulk-job progress");
      if (moved && reached !== undefined) moved.value = reached;
    });
  };

  const restore = (focused) => {
    if (!focused) return;
    for (const each of document.querySelectorAll("#bulk-job a, #bulk-job button")) {
      if (each.getAttribute("href") === focused || each.textContent.trim() === focused) return each.focus();
    }
  };

  document.addEventListener("DOMContentLoaded", look);
})();
