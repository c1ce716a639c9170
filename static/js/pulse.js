/* Asks every 3 seconds, while the page can be seen, whether its reader is still let in: who is shut
   out is at the login page within 5. A page that was hidden asks as soon as it is seen again.
   The answer writes nothing, so it does not prolong the session. */
"use strict";

(() => {
  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch("/pulse/", { headers: { "HX-Request": "true" }, cache: "no-store" });
      if (answer.status === 401) location.replace("/accounts/login/?next=" + encodeURIComponent(location.pathname));
    } catch { /* Offline or leaving: the next beat asks again. */ }
  };
  setInterval(ask, 3000);
  document.addEventListener("visibilitychange", ask);
})();
