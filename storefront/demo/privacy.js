// What the shopper agreed to: three switches, what is stored because of them, and every change so far.
const sw = window.shopwindow;
const PURPOSES = {
  personalization: ["A shop that fits you", "We remember what you look at and buy, and choose by it what to show you."],
  analytics: ["Counting", "What you do here counts in our statistics of what is liked."],
  advertising: ["Advertising", "What you look at may decide which advertising you see."]
};
const SAID = { api: "told on purpose", "event-updated": "told by this browser", event: "came with a visit", presumed: "nothing was said" };
const STORED = { sw_id: "an id of this browser", sw_user: "who is logged in", sw_items: "what you looked at last", sw_cart: "what is in your cart", sw_led: "which suggestions you followed", sw_queue: "visits not sent yet", sw_own: "an id for what you asked not to see", sw_consent: "these choices" };
let dialog, changed, history = [];

export function startPrivacy(element, whenChanged) {
  dialog = element; changed = whenChanged;
  dialog.addEventListener("change", event => { if (event.target.dataset.purpose) decide({ [event.target.dataset.purpose]: event.target.checked }); });
  dialog.addEventListener("click", event => {
    const name = event.target.id;
    if (name === "privacy-all") decide({ analytics: true, personalization: true, advertising: true });
    if (name === "privacy-none") decide({ analytics: false, personalization: false, advertising: false });
    if (name === "privacy-close" || event.target === dialog) dialog.close();
  });
  sw.on((kind, answer) => {
    if (kind !== "consented") return;
    if (answer.changed) history = [...history, answer];
    refresh();
  });
}
export function openPrivacy() { if (!dialog.open) dialog.showModal(); refresh(); }

function decide(choice) {
  localStorage.setItem("shop_asked", "1");
  sw.consent(choice);
  refresh();
  changed();
}
async function refresh() {
  const now = await sw.getConsent();
  if (now.history.length) history = now.history;
  if (dialog.open) draw(now);
}
function draw(now) {
  const focused = document.activeElement?.dataset?.purpose;
  const stored = Object.keys(STORED).filter(key => localStorage.getItem(key) !== null).map(key => STORED[key]);
  dialog.innerHTML = `<header><h2>Your privacy</h2><button id="privacy-close" aria-label="Close">×</button></header>
    <ul class="purposes">${Object.entries(PURPOSES).map(([name, [title, text]]) => row(name, title, text, now)).join("")}</ul>
    ${now.gpc ? '<p class="gpc"><b>Global Privacy Control</b> is on in your browser, so nothing about you is sold or shared for advertising.</p>' : ""}
    <section class="columns"><div><h3>Stored because of it</h3>
      <p><b>In this browser:</b> ${stored.length ? stored.join(", ") : "nothing"}.</p>
      <p><b>At the shop:</b> ${now.consent.personalization ? (now.known ? "what you looked at, your cart and your orders, under the id of this browser" : "nothing yet") : "nothing about you; your visits count without a name"}.</p></div>
    <div><h3>Your choices so far</h3>${history.length ? `<ol class="history">${[...history].reverse().slice(0, 6).map(told).join("")}</ol>` : '<p class="empty">None yet.</p>'}</div></section>
    <footer><button id="privacy-none">Withdraw everything</button><button id="privacy-all" class="primary">Agree to all</button></footer>`;
  if (focused) dialog.querySelector(`[data-purpose=${focused}]`)?.focus();
}
function row(name, title, text, now) {
  const off = name === "advertising" && now.gpc;
  return `<li><label><span><b>${title}</b><small>${text}</small></span>
    <input type="checkbox" role="switch" data-purpose="${name}" ${now.consent[name] && !off ? "checked" : ""} ${off ? "disabled" : ""}></label></li>`;
}
function told(change) {
  const yes = Object.keys(PURPOSES).filter(name => change.consent?.[name]).map(name => PURPOSES[name][0].toLowerCase());
  const when = new Date(change.updatedAt).toLocaleString(navigator.language, { dateStyle: "medium", timeStyle: "short" });
  return `<li class="${change.consent?.personalization ? "yes" : "no"}"><b>${yes.length ? `Yes to ${yes.join(", ")}` : "No to everything"}</b><small>${when} · ${SAID[change.source] || ""}</small></li>`;
}
