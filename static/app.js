// What makes the pages nicer where scripts run. Every flow works without it.
(() => {
  const clock = (minutes) =>
    `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

  // A tap on a free stretch means the half hour under the finger, not the beginning of the stretch.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".timeline td.f a");
    const times = link && /(\d\d):(\d\d)–(\d\d):(\d\d)/.exec(link.textContent);
    if (!times || !event.clientX || getComputedStyle(link.closest("tr")).display === "block") return;
    const [from, to] = [Number(times[1]) * 60 + Number(times[2]), Number(times[3]) * 60 + Number(times[4])];
    const box = link.getBoundingClientRect();
    const under = from + (to - from) * (event.clientX - box.left) / box.width;
    const shift = Math.max(from, Math.floor(under / 30) * 30) - from;
    if (shift <= 0) return;
    const url = new URL(link.href);
    const moved = (name) => {
      const [hours, minutes] = url.searchParams.get(name).split(":").map(Number);
      return hours * 60 + minutes + shift;
    };
    const start = moved("start");
    const end = Math.min(start + 60, start - shift + to - from);
    if (start >= 1440 || end > 1440) return;
    url.searchParams.set("start", clock(start));
    url.searchParams.set("end", clock(end));
    link.href = url.href;
  });

  // Whoever comes back to a wish finds it filled in by the browser: what is free for it is looked for again.
  addEventListener("pageshow", () => {
    if (performance.getEntriesByType("navigation")[0]?.type !== "back_forward") return;
    // Not before the fields are filled in and the page is wired.
    setTimeout(
      () => document.querySelector("#find")?.dispatchEvent(new Event("change", { bubbles: true })),
      100,
    );
  });

  // An open menu closes when one looks elsewhere.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".me[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll(".me[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // The queue with the keyboard alone. The keys work only while a request has the focus.
  document.addEventListener("keydown", (event) => {
    const request = event.target.closest?.(".request");
    if (
      !request || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not(.tick)")
    ) return;
    const step = { j: "nextElementSibling", k: "previousElementSibling" }[event.key];
    if (step) {
      // At the end of the dates of a series, on to what stands beside it.
      (request[step]?.matches(".request") ? request[step] : request.parentElement.closest(".request")?.[step])
        ?.focus();
      event.preventDefault();
    }
    const button = [...request.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`)]
      .find((one) => one.closest(".request") === request);
    if (!button) return;
    event.preventDefault();
    button.click();
    button.closest("details")?.querySelector("input:not([type=hidden]), textarea")?.focus();
  });

  // Whoever decided on a request stays where they were when its row is swapped.
  document.addEventListener("htmx:after:swap", () => {
    if (document.activeElement && document.activeElement !== document.body) return;
    document.querySelector(".request .decided, .request .alert")?.closest(".request")?.focus();
  });

  // The end keeps its distance when the start is moved.
  const form = document.querySelector("#reserve");
  if (form) {
    const { date, start, end_date: endDate, end } = form.elements;
    const read = (day, time) => Date.parse(`${day.value}T${time.value}Z`);
    let length = read(endDate, end) - read(date, start);
    form.addEventListener("change", (event) => {
      if (event.target === date || event.target === start) {
        const until = new Date(read(date, start) + length);
        if (length > 0 && !Number.isNaN(until.getTime())) {
          endDate.value = until.toISOString().slice(0, 10);
          end.value = until.toISOString().slice(11, 16);
        }
      }
      length = read(endDate, end) - read(date, start);
    }, true);
  }

  // A day that begins in the night is shown from its working hours on.
  const office = document.querySelector("#timeline .office");
  if (office) {
    const name = office.parentNode.firstElementChild;
    office.closest("#timeline").scrollLeft = office.offsetLeft - name.offsetWidth;
  }

  // The present moves on while the page lies open.
  const line = document.querySelector("#timeline");
  const began = Date.now();
  const at = line && Number(getComputedStyle(line).getPropertyValue("--now"));
  const hours = line && Number(getComputedStyle(line).getPropertyValue("--h"));
  if (at >= 0 && hours) {
    setInterval(() => line.style.setProperty("--now", at + (Date.now() - began) / 3_600_000 / hours), 60_000);
  }
})();
