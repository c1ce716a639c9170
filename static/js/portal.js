/* What HTML alone can't do. Every page works without this file; it makes pages quicker and kinder.
   Hooks are data attributes: data-confirm, data-open, data-close, data-copy, data-money, data-search. */
"use strict";

const root = document.documentElement;
root.classList.add("js");
const within = (event, selector) => event.target instanceof Element && event.target.closest(selector);

/* --- htmx: the CSRF token, slow answers, refusals ---------------------------------------- */
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token) event.detail.headers["X-CSRFToken"] = token.content;
});

let underway = 0;
let slowTimer = 0;
document.addEventListener("htmx:beforeRequest", () => {
  underway += 1;
  slowTimer ||= setTimeout(() => root.setAttribute("data-slow", ""), 250);
});
document.addEventListener("htmx:afterRequest", () => {
  underway = Math.max(0, underway - 1);
  if (underway) return;
  clearTimeout(slowTimer);
  slowTimer = 0;
  root.removeAttribute("data-slow");
});

/* Fragments with a reason (400, 409, 422) are swapped in by htmx-config; the rest is said here. */
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if ([400, 409, 422].includes(status)) return;
  if (status === 401) return location.assign("/accounts/login/?next=" + encodeURIComponent(location.pathname));
  say(wording(status === 403 ? "forbidden" : status === 404 ? "gone" : "failed"), "error");
});
document.addEventListener("htmx:sendError", () => say(wording("offline"), "error"));
document.addEventListener("htmx:timeout", () => say(wording("offline"), "error"));

/* --- toasts: from the page, from a fragment, or from an HX-Trigger {"toast": …} ------------ */
const wording = (name) => document.getElementById("toast-mould")?.dataset[name] ?? "";

function say(text, tone = "info") {
  const region = document.getElementById("toasts");
  const mould = document.getElementById("toast-mould");
  if (!region || !mould || !text) return;
  const toast = mould.content.firstElementChild.cloneNode(true);
  toast.dataset.tone = tone;
  toast.querySelector("p").textContent = text;
  region.append(toast);
}
document.addEventListener("toast", (event) => say(event.detail.text ?? event.detail.value, event.detail.tone));

/* Good news leaves by itself; what went wrong stays until it is read. */
function letGo(toast) {
  if (["error", "warning"].includes(toast.dataset.tone)) return;
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
  setTimeout(leave, 7000);
}
const region = document.getElementById("toasts");
if (region) {
  region.querySelectorAll(".toast").forEach(letGo);
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => {
    if (node instanceof HTMLElement && node.matches(".toast")) letGo(node);
  }))).observe(region, { childList: true });
}

/* --- dialogs, menus, copying ---------------------------------------------------------------- */
document.addEventListener("click", (event) => {
  const opener = within(event, "[data-open]");
  const dialog = opener && document.getElementById(opener.dataset.open);
  if (dialog instanceof HTMLDialogElement) {
    event.preventDefault();
    return dialog.showModal();
  }
  if (within(event, "[data-close]")) return within(event, "dialog, .toast")?.[within(event, "dialog") ? "close" : "remove"]();
  if (event.target instanceof HTMLDialogElement && event.target.classList.contains("dialog")) event.target.close();
  const copier = within(event, "[data-copy]");
  if (copier) copy(copier);
  document.querySelectorAll("details.account[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

async function copy(button) {
  const from = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(from ? from.value ?? from.textContent.trim() : button.dataset.copy);
    say(wording("copied"), "success");
  } catch {
    from?.select?.();
  }
}

document.addEventListener("keydown", (event) => {
  const typing = within(event, "input, textarea, select, [contenteditable]");
  if (event.key === "Escape") document.querySelectorAll("details.account[open]").forEach((menu) => { menu.open = false; });
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});

/* --- forms: ask once before what can't be undone, send once ---------------------------------- */
const agreed = new WeakSet();
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !agreed.delete(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return ask(form, submitter, question);
  }
  /* What went well before is read by now, and must not cover what is wrong next. */
  document.querySelectorAll("#toasts .toast:not([data-tone=error], [data-tone=warning])").forEach((toast) => toast.remove());
  if (form.dataset.sent) return event.preventDefault();
  /* A download leaves the page as it is, to be used again. */
  if (form.method !== "post" || form.matches("[data-download], [hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
  /* The button is marked after the form has been read, or its name would not be sent. */
  setTimeout(() => {
    if (event.defaultPrevented) return;
    form.dataset.sent = "1";
    submitter?.setAttribute("aria-busy", "true");
  });
}, true);

/* A page taken back from the browser's cache may be sent again. */
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}));

function ask(form, submitter, question) {
  const dialog = document.getElementById("confirm");
  const verb = submitter?.textContent.trim();
  if (!(dialog instanceof HTMLDialogElement)) {
    agreed.add(form);
    return form.requestSubmit(submitter);
  }
  const data = { ...form.dataset, ...submitter?.dataset };
  dialog.querySelector("[data-slot=title]").textContent = data.confirmTitle || verb || "";
  dialog.querySelector("[data-slot=text]").textContent = question;
  const yes = dialog.querySelector("[data-slot=yes]");
  yes.textContent = data.confirmYes || verb || "";
  yes.classList.toggle("danger", submitter?.classList.contains("danger") ?? true);
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    agreed.add(form);
    form.requestSubmit(submitter);
  };
  dialog.showModal();
}

/* --- money: group the digits when the field is left ------------------------------------------- */
document.addEventListener("focusout", (event) => {
  const input = within(event, "input[data-money]");
  if (!input) return;
  const plain = input.value.replace(/[,\s]/g, "");
  if (!/^\d+(\.\d*)?$/.test(plain)) return;
  const [whole, fraction] = plain.split(".");
  const locale = input.dataset.money === "INR" ? "en-IN" : "en";
  const grouped = BigInt(whole).toLocaleString(locale);
  input.value = fraction ? `${grouped}.${fraction}` : grouped;
});
