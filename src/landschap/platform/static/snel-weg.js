// SPDX-License-Identifier: EUPL-1.2
// Leaving at once: the button, or Escape three times. The form does the same without this file.
// Here the screen is empty before any answer, and the page is replaced: "back" does not show it.
"use strict";
(() => {
  const form = document.querySelector("form.ls-exit");
  // In a frame only the browser can change the whole window, and the form asks for that.
  if (!form || window.top !== window) return;
  const WITHIN = 2000;
  let times = [];
  const leave = () => {
    document.documentElement.style.display = "none";
    document.title = "";
    // It goes on when this page is gone; where it leads is not followed here.
    fetch(form.action, { method: "POST", keepalive: true, redirect: "manual" }).catch(() => {});
    window.location.replace(form.dataset.to);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.repeat) {
      if (event.key !== "Escape") times = [];
      return;
    }
    times = [...times, event.timeStamp].filter((at) => event.timeStamp - at < WITHIN);
    if (times.length === 3) leave();
  });
})();
