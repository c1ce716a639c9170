/* Says on the page that a passkey did not work; allauth's scripts tell only the console. */
"use strict";

document.addEventListener("allauth.error", (event) => {
  const words = document.getElementById("passkey_failed");
  if (!words) return;
  event.preventDefault();
  words.hidden = false;
});
